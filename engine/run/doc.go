// Package run takes records from a source to a target, and promises that nothing is lost and
// nothing is written twice, wherever the process dies and however late the target answers.
//
// # The way of a record
//
//	read.go, again.go   pages of the source, and what stands open in the state; causes.go what it
//	                    waits for
//	key.go, twice.go    its key; one job a key
//	judge.go            against the ledger: what is known and unchanged ends here, unmapped
//	prepare.go          through the steps; masters.go makes what has to exist first
//	decide.go           which acts bring its document from where it stands to where it is to go;
//	                    change.go and withdraw.go where it was delivered before
//	gone.go             what a reading of everything has not met is withdrawn, too
//	send.go             the acts: each is committed as on its way, sent, and its answer committed
//	answer.go           what an answer means; settle.go: what no answer means; mark.go: what a mark
//	                    in the document proves
//	outcome.go          how it ended: the ledger, or an exception
//	commit.go, track.go one goroutine writes; the cursor moves with the last outcome before it
//	recover.go          what an earlier run has left on its way; doubts.go asks about its documents
//	replace.go          targets that are replaced as a whole
//	outage.go           a target that doesn't answer at all
//	down.go             connections that are noted as down: left alone, and asked first
//
// A batch is sent only when its intent is on disk: the target keys claimed for its records, each
// document pending, the records themselves in a flight. A later run finds there what this one left.
//
// # In doubt
//
// What was sent and not answered is asked for by the target key, before its record is judged again:
//
//   - Found settles a create. When sends of different content were on their way, the document is
//     unsure, and the newest content goes out as an update.
//   - Not found is believed when nothing can land any more (Traits.Longest). Where the target
//     refuses a second document of a key, a create is sent again without waiting.
//   - A key that was refused as taken at the only send is another's document, unless the target
//     says that it is ours.
//   - Of a change, found says nothing: it is sent again when the first one can't land any more, so
//     that an older version never lands on a newer one. What can't be repeated is held.
//   - A step is told by the stage in which the document is.
//   - Of a target that can't be asked, a create is held; a change by id goes out once more when the
//     first one can't land any more.
//   - A document that doesn't answer to its key is asked for by its id. One with another number, or
//     whose number stands on another document, is held.
//   - A mark in a field of its own (target.mark) proves whose a document is and with which content:
//     a document without ours is another's, a change that is found is done, and a document that the
//     target has numbered by itself is found by it.
//   - A file that is appended to is cut back to where it ended before the batch.
//
// # Points of the way
//
// Options.Reached is told of each point before and after a transaction or a request, in order for
// one batch; a test, or a process that wants to die there, hooks in:
//
//	before/after ping         a connection that was down is asked whether it is there
//	before/after answered     it is, and that is stored
//	before/after recovery     flights of an earlier run are taken apart
//	before/after rewind       an append-only target is cut back
//	before/after causes       what open records wait for is asked for
//	before/after fetch        open records are read again by their keys
//	before read, after read   the source is read; after each page
//	before/after window       a window is noted that is to be read beside the cursor
//	before/after steps        a page's records go through the steps, look-ups included
//	before/after probe        the target is asked; probe by id, probe by mark: about documents that do not answer to their key
//	before/after settlement   what it said is stored
//	before/after intent       target keys claimed, documents pending, flight stored
//	before/after save         the request
//	before/after saved        its answers stored, the next act noted as on its way
//	before/after submit, audit, un-audit, un-submit, cancel, delete
//	                          the same for the other acts, and
//	before/after submitted, audited, un-audited, un-submitted, cancelled, deleted
//	                          their answers; those to the last act are stored with the outcome,
//	                          unless a part of the batch has to be sent again
//	before/after outcome      outcomes and cursor
//	before/after replace      the new content of a target that is replaced as a whole
//	before/after leave        a batch is left in the middle: its flight stays
//	before/after gone         records that a reading of everything has not met are noted, or held
//	before/after scope        an object in which masters are created is noted, once in a state
//	before/after kept         rows for others, of a target that is replaced as a whole
//	before/after outage       attempts are taken back that were counted before it was known to be one
//	before/after inheritance  records take over what stands under their former keys
//	before/after end          what only a run that came to its end may store
package run
