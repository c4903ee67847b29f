// The rules that hold in every simulation, by name.

export const rules = {
  acknowledgedIsStored: 'A CALLRESULT leaves only after the facts of its CALL are stored.',
  storedOnce: 'However often a message comes, it is stored once, and answered as it was the first time.',
  neverRefused: 'A transaction message is never refused.',
  inOrder: 'The CALLs of a charge point are answered, and committed, in the order in which they came.',
  oneCallAtATime: 'At most one CALL is under way in each direction.',
  oneOwner: 'A charge point has one connection that counts: the one with the last epoch.',
  fenced: 'Only the newest connection of a charge point moves its state.',
  presence: 'A charge point is stored as connected while it is, and as not connected while it is not.',
  bounded: 'No queue grows past its maximum.',
  actorAsStored: 'An actor shows what is committed: nothing more, and nothing less.',
  historyAsStored: 'What is stored of a transaction is what the messages about it say.',
  fallIsSeen: 'A register that falls within a transaction gives no energy, and is noted; one that only rises is not.',
  otherCardIsNoted: 'A stop by another card than that of the start is noted once, in whatever order the two come.',
  localTimeIsRead: 'A time without a zone is what the clocks show where its charge point stands.',
  promiseKept: 'A transaction that a remote start brings about has the id that was promised to it.',
  answered: 'Every CALL is answered in the end, or its socket closed.',
  validAnswer: 'Every answer belongs to a CALL of its connection, and is as its schema has it.',
  noFailure: 'Nothing fails that has no reason to.',
} as const

export type Rule = keyof typeof rules

export interface Violation {
  readonly rule: Rule
  /** What was seen. */
  readonly seen: string
}
