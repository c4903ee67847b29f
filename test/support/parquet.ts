// Reads Parquet files with another implementation than the one that writes them: DuckDB.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

export interface ParquetFile {
  /** The type of each column, as DuckDB names it. */
  readonly types: Readonly<Record<string, string>>
  /** Rows with times as ISO 8601 texts, and numbers as numbers. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Key-value metadata. */
  readonly metadata: Readonly<Record<string, string>>
  /** Rows of each row group, and the compressions of its columns. */
  readonly groups: readonly { readonly rows: number; readonly compressions: string }[]
}

/** What is in a Parquet file. */
export async function readParquet(bytes: Uint8Array): Promise<ParquetFile> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-parquet-'))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const file = join(folder, 'rows.parquet')
    await Bun.write(file, bytes)
    const ask = async (sql: string) =>
      (await connection.runAndReadAll(sql.replaceAll('$file', `'${file}'`))).getRowObjectsJson()
    await connection.run(`SET TimeZone = 'UTC'`)
    const described = await ask('DESCRIBE SELECT * FROM $file')
    const types = Object.fromEntries(described.map((row) => [String(row['column_name']), String(row['column_type'])]))
    const times = Object.keys(types).filter((name) => types[name]?.startsWith('TIMESTAMP'))
    const iso = times.map((name) => `strftime("${name}", '%Y-%m-%dT%H:%M:%S.%gZ') AS "${name}"`)
    const rows = await ask(`SELECT * ${iso.length === 0 ? '' : `REPLACE (${iso.join(', ')})`} FROM $file`)
    const metadata = await ask(
      'SELECT decode(key) AS name, decode(value) AS text FROM parquet_kv_metadata($file) ORDER BY name',
    )
    const groups = await ask(
      `SELECT row_group_id, any_value(row_group_num_rows) AS rows, string_agg(DISTINCT compression) AS compressions
       FROM parquet_metadata($file) GROUP BY row_group_id ORDER BY row_group_id`,
    )
    const isInteger = (name: string) => types[name] === 'BIGINT'
    return {
      types,
      rows: rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, isInteger(name) && value !== null ? Number(value) : value]),
        ),
      ),
      metadata: Object.fromEntries(metadata.map((row) => [String(row['name']), String(row['text'])])),
      groups: groups.map((row) => ({ rows: Number(row['rows']), compressions: String(row['compressions']) })),
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}
