// Package state is what pipectl remembers between runs: which records were delivered, which
// documents came of them and how far they have come, what could not be delivered and why, and how
// far the sources were read.
//
// Underneath is a Store: buckets of sorted keys, and transactions that happen as a whole or not at
// all. On top of it stand the types of this package; nothing else knows how they are written.
//
// # The ledger
//
// The ledger has two rows. A Record says of a key which version was seen last, and which documents
// belong to it. A Document says of a target key who owns it, what the target surely holds
// (Confirmed), and what has been sent without an answer yet (Pending). Pending stands beside
// Confirmed and never over it: a send that nobody answered takes nothing back.
//
//	                 claim: owner, Pending{create}
//	(no row) ─────────────────────────────────────────▶  in doubt ◀──────────────┐
//	   ▲                                                  │  │  │                  │ Pending{update,
//	   │  refused, or not sent                            │  │  │ unanswered:      │  submit, audit,
//	   └──────────────────────────────────────────────────┘  │  │ stays; settled   │  un-audit, …}
//	   ▲                                                     │  │ by asking        │
//	   │  deleted in the target                   answered,  │  └──────────────────┤
//	   │                                          or found   ▼                     │
//	   └───────────────────────────────────────────────  confirmed ────────────────┘
//	                                               hash, id, number, stage
//
// A Document is in doubt while it has a Pending. "In doubt" ends with an answer or by asking the
// target: found settles a create; of an update it says nothing, so the content becomes unsure
// (Confirmed.Unsure) and is sent again; a step is settled by the stage that the target tells.
//
// A Flight holds the records of a batch from before it is sent until its outcome is stored, so
// that what was under way when a process died is known without asking the source.
package state
