// What all code about certificates needs of its library: tsyringe, inside of it, needs the polyfill before it is loaded.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

export { x509 }
