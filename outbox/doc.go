// Package outbox keeps runs until a server holds them, and delivers them.
//
// It holds the store (one bbolt file that several processes share), the state
// machine of a run, and the senders' loop. What an answer means is client's to
// say; what a run looks like on a screen is no business of this package; and
// it makes no HTTP call: a Deliverer does.
//
// Its promises:
//
//   - Enqueue returns after fsync: a run that was accepted survives anything
//     but the loss of the disk.
//   - A claim is committed before a byte is sent, its outcome and the new
//     status in one commit after. A process that dies in between leaves an
//     attempt of unknown outcome, never a lost or a second run.
//   - A run's key and bytes never change; a body that no longer matches its
//     hash is reported, never sent.
//   - The runs of a lane are delivered in the order of their enqueueing.
//   - A page of a list, the counts and the next runs that are due cost the same
//     however many runs there are: nothing reads bodies or walks the file for
//     them. A filter reads the index, and a claim looks at the head of each lane
//     that has runs waiting.
//   - Whatever the disk does to the file, what is sent is what was enqueued, and
//     what can be read is saved into a new file, the old one kept.
//
// Its caveats: nobody may keep the file open, so every operation opens it,
// commits and closes it under a lock on a side file; locks on network file
// systems are not to be trusted; and an unreadable clock only shifts waits,
// since order is by sequence number.
package outbox
