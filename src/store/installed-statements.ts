// The statements of the writer for the certificates that charge points have installed. A report takes the place of the
// one before. Like all statements of the writer they are idempotent.

import type { RowOf } from '../blocks/stored-rows.ts'
import { installedCertificates } from '../blocks/certificates/tables.ts'
import { bindRows, statement } from './statement.ts'
import { columnsOf, upsert } from './table-statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import { text } from './wire/columns.ts'

/** A certificate in a charge point, or one that is there no more. */
export type InstalledRow = Readonly<RowOf<typeof installedCertificates>> & {
  readonly gone: 'deleted' | 'reported' | null
}

const upsertInstalled = upsert<typeof installedCertificates>('upsert_installed_certificates', installedCertificates)

const deleteInstalled = statement<InstalledRow>(
  'delete_installed_certificates',
  { ...columnsOf(installedCertificates), gone: text(({ gone }) => gone) },
  (_, rows) =>
    `DELETE FROM installed_certificates i USING ${rows} WHERE i.charge_point_id = v.charge_point_id AND CASE v.gone
       WHEN 'reported' THEN v.certificate_type IN ('', i.certificate_type)
       ELSE i.serial_number = v.serial_number AND i.issuer_name_hash = v.issuer_name_hash
         AND i.issuer_key_hash = v.issuer_key_hash END`,
)

/** The statements that store these rows, given in the order in which they came. */
export function storeInstalled(rows: readonly InstalledRow[]): readonly BoundStatement[] {
  const gone: InstalledRow[] = []
  const there = new Map<number, Map<string, InstalledRow>>()
  for (const row of rows) {
    const ofChargePoint = there.get(row.chargePointKey) ?? new Map<string, InstalledRow>()
    there.set(row.chargePointKey, ofChargePoint)
    if (row.gone === null) {
      ofChargePoint.set(keyOf(row), row)
      continue
    }
    gone.push(row)
    for (const [key, earlier] of ofChargePoint) if (isGone(earlier, row)) ofChargePoint.delete(key)
  }
  const stored = [...there.values()].flatMap((ofChargePoint) => [...ofChargePoint.values()])
  return [...bindRows(deleteInstalled, gone), ...bindRows(upsertInstalled, stored)]
}

function keyOf({ certificateType, hashAlgorithm, ...row }: InstalledRow): string {
  return [certificateType, hashAlgorithm, row.issuerNameHash, row.issuerKeyHash, row.serialNumber].join('\0')
}

/** As `deleteInstalled` has it. */
function isGone(row: InstalledRow, by: InstalledRow): boolean {
  if (by.gone === 'reported') return by.certificateType === '' || by.certificateType === row.certificateType
  const { serialNumber, issuerNameHash, issuerKeyHash } = row
  return serialNumber === by.serialNumber && issuerNameHash === by.issuerNameHash && issuerKeyHash === by.issuerKeyHash
}
