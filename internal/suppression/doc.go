// Package suppression decides whom to stop mailing, for how long, and on which
// evidence. It is pure: it is told the time and what was stored, and says what to
// store.
//
// What is stored about one target in one stream under one rule is a [File]. Upon
// an event, within the transaction that stores it:
//
//  1. [Rules.Findings] tells which strikes it is under which rules. For each, the
//     file of (target's hash, [Rule.StreamFor], rule) is read and [Rules.Take] says
//     which strikes to write.
//  2. [Rules.Decide] tells what becomes of that file's suppression. It is asked as
//     well of each file of the address and of the domain that has strikes or a
//     suppression when the delivery has become delivered, or is so no longer.
//
// A suppression by a rule is a function of its strikes, the latest success and the
// latest time a person lifted it: the order in which news comes in makes no
// difference. Several rules may suppress the same target, each for its own time.
// What people do goes through [Manual], [Import], [Suppression.Lift] and
// [Suppression.Agree].
package suppression
