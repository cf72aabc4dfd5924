package run

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// What a document is held for. Each says what was seen and where, and what a person can do about it.

// The ways on, as hints name them; see problem.Subject for the names that are filled in.
const (
	retryHint = "then pipectl errors retry {records}"
	skipHint  = "pipectl errors skip {records} --reason TEXT"
	linkHint  = "pipectl errors link {record} {number} --reason TEXT"
	noneHint  = "pipectl errors link {record} --none --reason TEXT"
)

// sameRule is the way on for two records that build one number.
const sameRule = "two records build one number (单据编号): mend the rule for it in the pipeline, " + retryHint

func anothersRecord(mv *move, owner string) *problem.Error {
	return mv.atKey(holding(mv, "PC400", fmt.Sprintf("number %s in %s belongs to %s", mv.ref.Key, mv.sink, owner), sameRule))
}

func otherNumber(mv *move) *problem.Error {
	return mv.atKey(holding(mv, "PC401", fmt.Sprintf("record %s builds the number %s now, and its document in %s is %s", mv.j.key, mv.ref.Key, mv.sink, mv.j.old.Docs[0].Key),
		"a second document would be written: undo the change of the rule or the table, "+retryHint+"; if the old one is deleted there: "+noneHint))
}

func several(mv *move) *problem.Error {
	return holding(mv, "PC403", fmt.Sprintf("number %s stands on more than one document in %s", mv.ref.Key, mv.sink),
		"delete the wrong one there, "+retryHint)
}

func foreign(mv *move) *problem.Error {
	return holding(mv, "PC404", fmt.Sprintf("number %s is in use in %s by a document that pipectl did not write", mv.ref.Key, mv.sink),
		"if that document is this record's: "+linkHint+"; if not, give one of them another number, "+retryHint+"; `found: adopt` in the target takes over all of them")
}

func edited(mv *move, p *connector.Probed) *problem.Error {
	seen := "it is " + p.Stage.String() + " now"
	if !p.Modified.IsZero() {
		seen = "it was modified at " + p.Modified.Format("2006-01-02 15:04:05 -0700")
	}
	return holding(mv, "PC406", fmt.Sprintf("document %s was changed in %s since pipectl wrote it: %s", mv.ref.Key, mv.sink, seen),
		"decide which of both is right. The document: "+skipHint+"; the record: "+linkHint+", which writes it over the document")
}

func changeHeld(mv *move) *problem.Error {
	p := holding(mv, "PC407", fmt.Sprintf("record %s has changed after its document %s was delivered", mv.j.key, mv.ref.Key),
		"`changed: hold` asks a person: change the document in "+mv.sink.String()+" by hand, then "+skipHint)
	p.At = mv.sink.target.At.Changed
	return p
}

func notEditable(mv *move, stage connector.Stage) *problem.Error {
	p := holding(mv, "PC407", fmt.Sprintf("record %s has changed, and its document %s in %s is %s", mv.j.key, mv.ref.Key, mv.sink, stage),
		"un-audit it there (反审核), "+retryHint+"; `changed: reopen` in the target has pipectl un-audit, change and audit it")
	p.At = mv.sink.target.At.Changed
	return p
}

func moved(mv *move, p connector.Probed) *problem.Error {
	return holding(mv, "PC426", fmt.Sprintf("document %s (id %s) has the number %s in %s now", mv.ref.Key, mv.doc.Confirmed.ID, p.Number, mv.sink),
		"set its number back there, "+retryHint+"; or say which document is the record's: pipectl errors link {record} "+problem.Arg(p.Number)+" --reason TEXT")
}

func vanished(mv *move) *problem.Error {
	return holding(mv, "PC414", fmt.Sprintf("document %s was delivered, and is not in %s any more", mv.ref.Key, mv.sink),
		"somebody deleted it. To leave it so: "+skipHint+"; to have it created again: "+noneHint)
}

func replacedByAnother(mv *move, id string) *problem.Error {
	return holding(mv, "PC452", fmt.Sprintf("document %s has the id %s in %s, and pipectl wrote it as %s", mv.ref.Key, id, mv.sink, mv.doc.Confirmed.ID),
		"somebody deleted it and made another one of that number, or the account is another one: look which is right, then "+skipHint)
}

func cancelled(mv *move) *problem.Error {
	return holding(mv, "PC421", fmt.Sprintf("document %s is cancelled in %s (作废), and keeps the number", mv.ref.Key, mv.sink),
		"take the cancellation back (反作废) or delete the document there, "+retryHint)
}

func noStep(mv *move, op connector.Op) *problem.Error {
	return holding(mv, "PC422", fmt.Sprintf("%s can't %s document %s", mv.sink, op, mv.ref.Key),
		"do it there by hand, then "+skipHint+"; or choose another policy (`changed:`, `withdrawn:`) in the target")
}

func cantAsk(mv *move) *problem.Error {
	return holding(mv, "PC402", fmt.Sprintf("document %s was sent to %s, nobody answered, and nobody can be asked whether it is there", mv.ref.Key, mv.sink),
		"look for it there. It is there: "+linkHint+"; it is not: "+noneHint)
}

func cantRepeat(mv *move) *problem.Error {
	return holding(mv, "PC425", fmt.Sprintf("a change of document %s was sent to %s, nobody answered, and it can't be sent twice", mv.ref.Key, mv.sink),
		"compare the document with its record: "+linkHint+" writes the record over it; where it is right as it is, "+skipHint+" after that")
}

func crashes(mv *move) *problem.Error {
	return holding(mv, "PC419", fmt.Sprintf("document %s was alone on its way to %s when pipectl ended, three times", mv.ref.Key, mv.sink),
		"its content may be what ends pipectl: look at the log and at pipectl errors show {record}, "+retryHint)
}

func sameNumber(mv *move, other string) *problem.Error {
	return mv.atKey(holding(mv, "PC417", fmt.Sprintf("number %s is built by record %s, too", mv.ref.Key, other), sameRule))
}

// notSavedYet tells of a document that was taken back to be changed, and stands so until it is saved.
func notSavedYet(mv *move, cause *problem.Error) string {
	back := "un-audited (反审核)"
	if connector.Stage(mv.doc.Confirmed.Restore) == connector.Submitted {
		back = "un-submitted (撤销)"
	}
	return fmt.Sprintf("document %s stands %s and its change is not saved: %s", mv.ref.Key, back, reason(cause))
}

func refusedReopened(mv *move, cause *problem.Error) *problem.Error {
	p := holding(mv, "PC420", fmt.Sprintf("change of document %s was refused by %s: %s", mv.ref.Key, mv.sink, reason(cause)),
		"the document stands as it was before: mend what the reason says, "+retryHint)
	p.Field, p.Code, p.Cause, p.Err = cause.Field, cause.Code, cause.Cause, cause
	return p
}

func numbersItself(mv *move, number string) *problem.Error {
	p := holding(mv, "PC413", fmt.Sprintf("number %s was sent, and %s made it %s", mv.ref.Key, mv.sink, number),
		"documents that get their number there can't be found again: allow numbers from outside (允许手工修改), or use a field of your own as target.key")
	p.Class = problem.Fatal
	return mv.atKey(p)
}

func stillInDoubt(mv *move) *problem.Error {
	p := holding(mv, "PC423", fmt.Sprintf("document %s was sent to %s and nobody answered; it may still appear there", mv.ref.Key, mv.sink),
		"nothing to do: pipectl asks again when it can't appear any more")
	if x := mv.doc.Pending; x != nil && x.AskAt > 0 && !mv.lost {
		p.Reason = fmt.Sprintf("document %s was accepted by %s, which works on it and has not finished", mv.ref.Key, mv.sink)
		p.Hint = "nothing to do: pipectl asks again at the time that " + mv.sink.name + " has named"
	}
	p.Class = problem.Transient
	return p
}

func notAnswered(mv *move, cause *problem.Error) *problem.Error {
	p := holding(mv, "PC424", fmt.Sprintf("document %s was sent to %s, and what became of it is not known yet", mv.ref.Key, mv.sink),
		"nothing to do: pipectl asks "+mv.sink.name+" before the next attempt")
	p.Class, p.Err = problem.Transient, cause
	if cause != nil {
		p.Reason += ": " + reason(cause)
		p.Code = cause.Code
	}
	return p
}

// foundAgain is a create that was no first one: the document is there, from an earlier send of ours.
func foundAgain(mv *move, cause *problem.Error) *problem.Error {
	p := *cause
	p.Reason = fmt.Sprintf("document %s is in %s already, from an earlier send of pipectl, and perhaps not with the record's newest content", mv.ref.Key, mv.sink)
	p.Hint = "nothing to do: the next attempt brings it to what the record says"
	return &p
}

// atKey says that the rule for the number is what has to be mended.
func (mv *move) atKey(p *problem.Error) *problem.Error {
	p.Field, p.At = mv.sink.to.Key, mv.sink.target.At.Key
	return p
}
