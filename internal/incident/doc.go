// Package incident notices what changed: that a receiver began to refuse, or to put
// off, more of a sender's mail than it used to. It is pure: counts and their times
// come in, changes go out.
//
// # What the store provides
//
// Time is cut into buckets of [Width], five minutes, which begin at whole multiples
// of it; rollups by the hour are too coarse to notice anything within fifteen minutes.
// For each bucket the store counts
//
//   - for each (receiver, reason, sender domain): the deliveries of which a try in this
//     bucket came to failed, deferred or expired for that reason, or of which a report
//     told so; each delivery once, however often it was tried in the bucket;
//   - for each (receiver, sender domain): the deliveries that came to anything at all in
//     this bucket, delivered ones with them; each once. Dropped ones were not tried and
//     count nowhere.
//
// A delivery that is deferred now and delivered in an hour counts as a failure in this
// bucket and as a success in that one: what came about in a bucket stays in it. An
// event belongs to the bucket of [delivery.Event.At], which is never in the future.
// Sender domains and receivers are in their normal form.
//
// A bucket is given to [Engine.Step] once it is over, in the order of time, and given
// again, whole, when late news has changed it. Rows are needed for [Correctable] only;
// what is older lives on in the engine's state, which the store keeps as JSON and writes
// in the same transaction as the changes that a step returned.
//
// # What it makes of them
//
// A group is compared with its own past by the rate of failures, so that a campaign
// with ten times the mail is no change. docs/adr/0016-incidents.md has the reasons,
// docs/incidents.md what it was measured to find.
package incident
