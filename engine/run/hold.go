package run

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// What a document is held for. Each says what was seen, and what a person can do about it.

const (
	retryHint = "then pipectl errors retry"
	linkHint  = "pipectl errors link"
	noneHint  = "pipectl errors link --none"
)

func anothersRecord(mv *move, owner string) *problem.Error {
	return holding(mv, "PC400", fmt.Sprintf("target key %s belongs to %s", mv.ref.Key, owner),
		"two records build the same number: mend the rule for it in the pipeline, "+retryHint)
}

func otherNumber(mv *move) *problem.Error {
	return holding(mv, "PC401", fmt.Sprintf("target key is now %s; the record's document in the target is %s", mv.ref.Key, mv.j.old.Docs[0].Key),
		"a second document would be written: undo the change of the rule or the table, "+retryHint+"; if the old one is deleted there, "+noneHint)
}

func several(mv *move) *problem.Error {
	return holding(mv, "PC403", fmt.Sprintf("number %s stands on more than one document in the target", mv.ref.Key),
		"remove the wrong one there, "+retryHint)
}

func foreign(mv *move) *problem.Error {
	return holding(mv, "PC404", fmt.Sprintf("number %s is in use in the target by a document that pipectl did not write", mv.ref.Key),
		"rename that document or this number, "+retryHint+"; if it is this record's, "+linkHint+", or `found: adopt` in the target for all of them")
}

func edited(mv *move, p *connector.Probed) *problem.Error {
	seen := "its stage is " + p.Stage.String()
	if !p.Modified.IsZero() {
		seen = "it was modified at " + p.Modified.Format("2006-01-02 15:04:05 -0700")
	}
	return holding(mv, "PC406", fmt.Sprintf("document %s was changed in the target since pipectl wrote it: %s", mv.ref.Key, seen),
		"decide which of both is right: pipectl errors skip keeps the document as it is; "+linkHint+" writes the record over it")
}

func changeHeld(mv *move) *problem.Error {
	return holding(mv, "PC407", fmt.Sprintf("record %s has changed after its document %s was delivered", mv.j.key, mv.ref.Key),
		"`changed: hold` asks a person: change the document by hand, and close this with pipectl errors skip")
}

func notEditable(mv *move, stage connector.Stage) *problem.Error {
	return holding(mv, "PC407", fmt.Sprintf("record %s has changed, and its document %s is %s", mv.j.key, mv.ref.Key, stage),
		"set `changed: reopen` in the target to un-audit, change and audit it, or un-audit it by hand, "+retryHint)
}

func moved(mv *move, p connector.Probed) *problem.Error {
	c := mv.doc.Confirmed
	seen := fmt.Sprintf("document %s (id %s) has the number %s in the target now", mv.ref.Key, c.ID, p.Number)
	return holding(mv, "PC426", seen, "set the number right there, "+retryHint+"; or say which document is the record's: "+linkHint)
}

func vanished(mv *move) *problem.Error {
	return holding(mv, "PC414", fmt.Sprintf("document %s was delivered and is not in the target any more", mv.ref.Key),
		"somebody deleted it: pipectl errors skip leaves it so, "+noneHint+" has it created again")
}

func replacedByAnother(mv *move, id string) *problem.Error {
	return holding(mv, "PC452", fmt.Sprintf("document %s has the id %s in the target, and pipectl wrote it as %s", mv.ref.Key, id, mv.doc.Confirmed.ID),
		"somebody deleted it and made another one of that number, or the account is another one: look which is right, then pipectl errors skip")
}

func cancelled(mv *move) *problem.Error {
	return holding(mv, "PC421", fmt.Sprintf("document %s is cancelled in the target and keeps the number", mv.ref.Key),
		"un-cancel or delete it there, "+retryHint)
}

func noStep(mv *move, op connector.Op) *problem.Error {
	return holding(mv, "PC422", fmt.Sprintf("target has no step %q for document %s", op, mv.ref.Key),
		"do it by hand, or choose another policy in the target")
}

func cantAsk(mv *move) *problem.Error {
	return holding(mv, "PC402", fmt.Sprintf("document %s was sent, nobody answered, and the target can't be asked", mv.ref.Key),
		"look whether it is there: "+linkHint+" with its number or id (it is), or "+noneHint+" (it is not)")
}

func cantRepeat(mv *move) *problem.Error {
	return holding(mv, "PC425", fmt.Sprintf("change of document %s was sent, nobody answered, and the target can't take it twice", mv.ref.Key),
		"compare the document with its record: "+linkHint+" writes the record over it; where it is right as it is, pipectl errors skip after that")
}

func crashes(mv *move) *problem.Error {
	return holding(mv, "PC419", fmt.Sprintf("document %s was alone on its way when the process ended, three times", mv.ref.Key),
		"its content may be what ends the process: look at the log, "+retryHint)
}

func sameNumber(mv *move, other string) *problem.Error {
	return holding(mv, "PC417", fmt.Sprintf("target key %s is built by record %s, too", mv.ref.Key, other),
		"two records build the same number: mend the rule for it in the pipeline, "+retryHint)
}

func refusedReopened(mv *move, cause *problem.Error) *problem.Error {
	p := holding(mv, "PC420", fmt.Sprintf("change of document %s was refused: %s", mv.ref.Key, reason(cause)),
		"the document stands as it was before: mend what the reason says, "+retryHint)
	p.Field, p.Code, p.Cause, p.Err = cause.Field, cause.Code, cause.Cause, cause
	return p
}

func numbersItself(mv *move, number string) *problem.Error {
	p := holding(mv, "PC413", fmt.Sprintf("number %s was sent, and the target made it %s", mv.ref.Key, number),
		"the target numbers documents by itself, so nothing could be found again: allow numbers from outside there (允许手工修改), or use a field of your own as target.key")
	p.Class = problem.Fatal
	return p
}

func stillInDoubt(mv *move) *problem.Error {
	p := holding(mv, "PC423", fmt.Sprintf("document %s was sent and nobody answered; it may still appear in the target", mv.ref.Key),
		"nothing to do: the target is asked again when its longest processing time is over")
	p.Class = problem.Transient
	return p
}

func notAnswered(mv *move, cause *problem.Error) *problem.Error {
	p := holding(mv, "PC424", fmt.Sprintf("document %s was sent, and what became of it is not known yet", mv.ref.Key),
		"nothing to do: the target is asked before the next attempt")
	p.Class, p.Err = problem.Transient, cause
	if cause != nil {
		p.Reason += ": " + reason(cause)
		p.Code = cause.Code
	}
	return p
}
