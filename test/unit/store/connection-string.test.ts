// Database.ConnectionString in both of its forms.

import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseServer, parseConnectionString } from '../../../src/store/connection-string.ts'

function refusal(text: string): string {
  try {
    parseConnectionString(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'SETTING_INVALID' })
    return String(error)
  }
  throw new Error(`'${text}' was taken.`)
}

describe('keywords', () => {
  test('the connection string of the seed is understood', () => {
    expect(
      parseConnectionString('Host=localhost;Port=5432;Database=ocppcore;Username=postgres;Password=YourPassword;'),
    ).toEqual({
      config: {
        host: 'localhost',
        port: 5432,
        database: 'ocppcore',
        user: 'postgres',
        password: 'YourPassword',
        ssl: false,
        connectionTimeoutMillis: 15_000,
      },
      address: { host: 'localhost', port: 5432, database: 'ocppcore' },
      saysTls: false,
    })
  })

  test('synonyms, spaces and letter case do not matter', () => {
    const { config } = parseConnectionString(
      ' server = db.example ; USER ID=stator;pwd = secret ; Initial Catalog=ocpp; Application Name=Depot 7;Timeout=3;Pooling=true',
    )
    expect(config).toMatchObject({
      host: 'db.example',
      port: 5432,
      user: 'stator',
      password: 'secret',
      database: 'ocpp',
      application_name: 'Depot 7',
      connectionTimeoutMillis: 3000,
    })
  })

  test('the database is that of the user when none is named', () => {
    expect(parseConnectionString('Host=h;Username=stator').config.database).toBe('stator')
  })

  test.each([
    [`Host=h;Password='semi;colon'' and = sign'`, `semi;colon' and = sign`],
    [`Host=h;Password="double "" quote;"`, 'double " quote;'],
    ['Host=h;Password=a=b==', 'a=b=='],
    ['Host=h;Password=', ''],
  ])('a password may hold anything: %s', (text, password) => {
    expect(parseConnectionString(text).config.password).toBe(password)
  })

  test('TLS is what SSL Mode says', () => {
    const ssl = (more: string) => parseConnectionString(`Host=h;${more}`).config.ssl
    expect(ssl('SSL Mode=Disable')).toBe(false)
    expect(ssl('SslMode=Require')).toEqual({ rejectUnauthorized: false })
    expect(ssl('SSL Mode=VerifyFull')).toEqual({ rejectUnauthorized: true })
    expect(ssl('SSL Mode=verify-full;Trust Server Certificate=true')).toEqual({ rejectUnauthorized: false })
    expect(ssl('SSL Mode=VerifyCA')).toMatchObject({ rejectUnauthorized: true })
  })

  test('a root certificate is read from its file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stator-ca-'))
    writeFileSync(join(folder, 'ca.pem'), 'PEM')
    const { config } = parseConnectionString(`Host=h;SSL Mode=VerifyFull;Root Certificate=${join(folder, 'ca.pem')}`)
    expect(config.ssl).toMatchObject({ ca: 'PEM' })
    rmSync(folder, { recursive: true })
  })

  test.each([
    ['Host=h;Prot=5432', 'Prot'],
    ['Host=h;Port=many', "Port is 'many'; expected a number from 1 to 65535"],
    ['Host=h;Port=70000', '70000'],
    ['Host=h;SSL Mode=Prefer', "SSL Mode is 'Prefer'; expected Disable, Require, VerifyCA or VerifyFull"],
    ['Host=h;SSL Mode=Require;Trust Server Certificate=maybe', 'maybe'],
    ['Host=h;SSL Mode=VerifyCA;Root Certificate=/nowhere/ca.pem', '/nowhere/ca.pem'],
    ['Database=ocpp;Username=u', 'Host is missing'],
    ['', 'Host is missing'],
    ['just words', 'neither a URL nor a list'],
    ['Host=h;words', 'neither a URL nor a list'],
  ])('%p is refused with a sentence that says why', (text, reason) => {
    expect(refusal(text)).toContain('Database.ConnectionString')
    expect(refusal(text)).toContain(reason)
  })

  test('no refusal repeats a password', () => {
    for (const text of ['Host=h;Password=topsecret;Port=x', 'Password=topsecret', 'Password=topsecret;words']) {
      expect(refusal(text)).not.toContain('topsecret')
    }
  })
})

describe('URLs', () => {
  test('one is passed on as it is, and its address is known', () => {
    const text = 'postgresql://stator:p%40ss@db.example:6432/ocpp%20core?sslmode=disable'
    expect(parseConnectionString(text)).toEqual({
      config: { connectionString: text },
      address: { host: 'db.example', port: 6432, database: 'ocpp core' },
      saysTls: true,
    })
    expect(parseConnectionString('postgres://stator@localhost').address).toEqual({
      host: 'localhost',
      port: 5432,
      database: 'stator',
    })
  })

  test.each([
    ['Host=db', false],
    ['Host=db;Trust Server Certificate=true', false],
    ['Host=db;SSL Mode=Disable', true],
    ['Host=db;SslMode=VerifyFull', true],
    ['postgres://u@db/stator', false],
    ['postgres://u@db/stator?sslmode=disable', true],
    ['postgres://u@db/stator?ssl=true', true],
  ])('%s says whether it is encrypted: %p', (text, saysTls) => {
    expect(databaseServer(text)).toEqual({ host: 'db', saysTls })
  })

  test('an invalid one is refused without its password', () => {
    const text = 'postgresql://u:topsecret@host:port/db'
    expect(refusal(text)).toContain('expected postgresql://user:password@host:port/database')
    expect(refusal(text)).not.toContain('topsecret')
  })
})
