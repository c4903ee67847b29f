// What Stator counts about itself. Plain numbers, so that counting costs nothing; the page of a node and its health
// checks read them.

/** Counters of this process since its start. */
export class Counters {
  /** Handshakes turned away, whatever the reason. */
  handshakesRefused = 0
  connectionsOpened = 0
  connectionsClosed = 0
  /** Connections given up because a newer one of the same charge point came. */
  connectionsReplaced = 0
  framesReceived = 0
  framesSent = 0
  /** Frames that get no answer because nobody can tell what they are. */
  framesDropped = 0
  /** CALLs answered with a CALLERROR. */
  framesRefused = 0
  /** CALLs left unanswered because the database could not take their facts; the charge point will send them again. */
  framesUnanswered = 0
  /** Retransmissions recognised by their business key. */
  duplicates = 0
  anomalies = 0
  /** Sockets closed because their reader was too slow. */
  slowReadersClosed = 0
}
