//go:build twin_nointent

package run

const keepsIntent = false
