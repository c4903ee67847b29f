// Settings of drizzle-kit, which writes a new migration into drizzle/ when src/store/schema.ts has changed (`bun run db:generate`).

import { defineConfig } from 'drizzle-kit'

export default defineConfig({ dialect: 'postgresql', schema: './src/store/schema.ts', out: './drizzle' })
