// The library for X.509. A package inside of it (tsyringe) needs a polyfill, which has to be loaded first.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

export { x509 }
