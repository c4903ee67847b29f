// Planted bugs in the processing of transaction facts: each breaks one rule about which session a fact belongs to, how
// a session begins and ends, its state, or its energy.

import type { EnergyEvidence } from '../../src/blocks/metering/energy.ts'
import type {
  ChangeSet,
  Known,
  KnownTransaction,
  TransactionFact,
  TransactionStory,
} from '../../src/blocks/decision.ts'
import { figureOf } from '../../src/ocpp/sample-figure.ts'
import type { Canary } from './canary.ts'
import { DatabaseModel, type StoredTransaction } from './database-model.ts'
import { samplesOf } from './evidence.ts'
import { meterRowsOf, type StoredMeterRow } from './meter-rows.ts'
import { knowing, remembering } from './plant.ts'

/** A ledger that takes two messages with one ref for the same, whatever their content. */
class SwallowingModel extends DatabaseModel {
  protected override factKey(set: ChangeSet, { ref, seqNo }: TransactionFact): string {
    return `${set.chargePointKey}\0${seqNo}\0${ref}`
  }
}

/** Intervals of all contexts are added up, although two of them contain the same energy. */
class DoublingModel extends DatabaseModel {
  override evidenceOf(transaction: StoredTransaction): EnergyEvidence {
    const evidence = super.evidenceOf(transaction)
    if (evidence.intervalsWh === null) return evidence
    const samples = this.samplesOf(transaction).flatMap(({ meterValue }) => sampledValuesOf(meterValue))
    return { ...evidence, intervalsWh: samples.reduce((sum, sample) => sum + figureOf(sample, 'Wh'), 0) }
  }
}

/** Every use of an id has the samples of all uses. */
class MixingModel extends DatabaseModel {
  protected override samplesOf(transaction: StoredTransaction): readonly StoredMeterRow[] {
    return samplesOf({ ...transaction, stationUse: 1 }, [], [...this.meterValues.values()])
  }
}

type Json = Readonly<Record<string, unknown>>

function sampledValuesOf(meterValue: string): readonly Json[] {
  const { sampledValue } = JSON.parse(meterValue) as { readonly sampledValue: readonly Json[] }
  return sampledValue
}

function withStory(transaction: KnownTransaction, change: Partial<TransactionStory>): KnownTransaction {
  const { story } = transaction
  return story ? { ...transaction, story: { ...story, ...change } } : transaction
}

/** The register at the end of the list of meter values counts. */
function lastInList({ meter }: Known): Partial<Known> {
  if (meter === null) return {}
  const last = meterRowsOf(meter, undefined).at(-1)?.energyWh ?? null
  return { meter: { ...meter, registers: { ...meter.registers, end: last, last } } }
}

export const factCanaries: readonly Canary[] = [
  {
    bug: 'an id that is used again and taken for its first use',
    planting: {
      decide: remembering((transaction) => withStory(transaction, { stoppedAtMs: null })),
    },
    breaks: 'historyAsStored',
  },
  {
    bug: 'two messages of one kind and time that are swallowed as one',
    planting: { model: () => new SwallowingModel() },
    breaks: 'acknowledgedIsStored',
  },
  {
    bug: 'a register that is taken from the end of the list',
    planting: { decide: knowing(lastInList) },
    breaks: 'historyAsStored',
  },
  {
    bug: 'intervals of two contexts that are added up',
    planting: { model: () => new DoublingModel() },
    breaks: 'historyAsStored',
  },
  {
    bug: 'a later start that replaces an earlier one',
    planting: { decide: remembering((transaction) => withStory(transaction, { isStartReported: false })) },
    // The store refuses a second start, which would be decided again and again. The same applies to the next two.
    breaks: 'answered',
  },
  {
    bug: 'a second end that replaces the first',
    planting: {
      decide: remembering((transaction) => ({ ...transaction, closedBy: transaction.open ? null : 'operator' })),
    },
    breaks: 'answered',
  },
  {
    bug: 'an older event that moves the state back',
    planting: {
      decide: remembering((transaction) => withStory(transaction, { lastSeqNo: -1 })),
    },
    breaks: 'answered',
  },
  {
    bug: 'a late event of an id used again that goes to the newest use',
    planting: { decide: knowing((known) => ({ transactionsNamed: (id) => known.transactionsNamed(id).slice(0, 1) })) },
    breaks: 'historyAsStored',
  },
  {
    bug: 'samples of an id used again that count for every use',
    planting: { model: () => new MixingModel() },
    breaks: 'historyAsStored',
  },
]
