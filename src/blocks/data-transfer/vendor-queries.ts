// The registered vendors, as the REST API lists and changes them.

import type { Page, PageOf } from '../records.ts'
import type { TransferVendor } from './vendor.ts'

/** The vendors, as the REST API lists and changes them. */
export interface TransferVendorQueries {
  /** By vendorId. */
  listTransferVendors(page: Page): Promise<PageOf<TransferVendor>>
  /** As it is stored now. */
  storedTransferVendor(vendorId: string): Promise<TransferVendor | null>
  /** Creates or replaces it. Null: there are `transferVendorsMax` others. */
  storeTransferVendor(vendor: TransferVendor, atMs: number): Promise<'created' | 'replaced' | null>
  deleteTransferVendor(vendorId: string): Promise<boolean>
}
