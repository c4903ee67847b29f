// Frames that no correct charge point sends.

export const garbage: readonly ((id: string) => string)[] = [
  () => '',
  () => 'hello',
  () => '[]',
  () => '[2]',
  () => '{"a":1}',
  () => '[3,"nobody-asked",{}]',
  () => '[4,"nobody-asked","GenericError","",{}]',
  (id) => `[2,"${id}"]`,
  (id) => `[2,"${id}","Heartbeat"]`,
  (id) => `[2,"${id}","NoSuchAction",{}]`,
  (id) => `[2,"${id}","Reset",{"type":"Soft"}]`,
  (id) => `[2,"${id}","MeterValues",{"connectorId":"x"}]`,
  (id) => `[2,"${id}","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available",}]`,
  (id) => `[2,"${id}","StopTransaction",{"transactionId":,"meterStop":5}]`,
  (id) => `[2,"${id}","TransactionEvent",{"__proto__":{"a":1}}]`,
  (id) => `[9,"${id}",{}]`,
  (id) => `[2,"${id}","Authorize",{"idTag":"\\ud800"}]`,
  (id) => `[2,"${id}","Heartbeat",${'['.repeat(200)}${']'.repeat(200)}]`,
]
