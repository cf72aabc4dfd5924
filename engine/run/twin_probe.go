//go:build !twin_noprobe

package run

// asksTarget: the target is asked what it holds before anything in doubt is sent again. A build for
// tests switches that off, to show that the proof (cmd/crash) notices.
const asksTarget = true
