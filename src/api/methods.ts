// The HTTP methods of the REST API.

/** The methods that routes have. HEAD is served by the route for GET. */
export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Whether requests of this method change nothing. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
