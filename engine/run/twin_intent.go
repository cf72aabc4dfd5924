//go:build !twin_nointent

package run

// keepsIntent: what is about to be sent is written down first. A build for tests switches that off,
// to show that the proof (cmd/crash) notices.
const keepsIntent = true
