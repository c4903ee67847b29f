// Settings of drizzle-kit, which writes a new migration into drizzle/ when the tables have changed (`bun run db:generate`).

import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/blocks/charge-point-tables.ts',
    './src/blocks/*/tables.ts',
    './src/operators/*tables.ts',
    './src/store/schema.ts',
    './src/store/messages/tables.ts',
    './src/store/counts/tables.ts',
  ],
  out: './drizzle',
})
