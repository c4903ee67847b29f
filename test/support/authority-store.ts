// A store of the certificate authority in memory, for tests without a database.

import type { AuthorityStore, StoredAuthority } from '../../src/auth/certificate-authority.ts'

/** Keeps the first authority, as the table does. */
export function memoryAuthorityStore(): AuthorityStore & { kept: StoredAuthority | null } {
  return {
    kept: null,
    async certificateAuthority() {
      return this.kept
    },
    async keepCertificateAuthority(made) {
      this.kept ??= made
      return this.kept
    },
    async replaceAuthorityKey(earlier, privateKey) {
      if (this.kept?.privateKey === earlier) this.kept = { ...this.kept, privateKey }
    },
  }
}
