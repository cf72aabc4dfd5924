//go:build twin_noprobe

package run

const asksTarget = false
