// What is read of each table to hold it against the model of the database, under the names that the model has for it.

const ofChargePoint = 'charge_point_id AS "chargePointKey"'
const ofConnector = 'evse_id AS "evseId", connector_id AS "connectorId"'
const ofComponent = 'component_name AS "componentName", component_instance AS "componentInstance"'
const received = 'received_at AS "receivedAtMs", message_id AS "messageId"'

/** By table; `$1` are the numbers of charge points. */
export const readings: Readonly<Record<string, string>> = {
  chargePoints: `SELECT id AS key, identity, strictness, registration_status AS "registrationStatus",
    time_zone AS "timeZone", boot_status AS "bootStatus", vendor,
    model, firmware_version AS "firmwareVersion", status, firmware_status AS "firmwareStatus", diagnostics_status AS "diagnosticsStatus",
    log_status AS "logStatus", last_seen_at AS "lastSeenAtMs", last_heartbeat_at AS "lastHeartbeatAtMs", last_boot_at AS "lastBootAtMs",
    untimed_facts AS "untimedFacts" FROM charge_points WHERE id = ANY($1)`,
  connectors: `SELECT ${ofChargePoint}, ${ofConnector}, status, status_sent AS "statusSent", error_code AS "errorCode", info,
    vendor_id AS "vendorId", vendor_error_code AS "vendorErrorCode", occurred_at AS "occurredAtMs", updated_at AS "updatedAtMs"
    FROM connectors WHERE charge_point_id = ANY($1)`,
  connectorHistory: `SELECT ${ofChargePoint}, ${ofConnector}, received_at AS "receivedAtMs", occurred_at AS "occurredAtMs", status,
    error_code AS "errorCode", vendor_error_code AS "vendorErrorCode" FROM connector_history WHERE charge_point_id = ANY($1)`,
  transactions: `SELECT id, ${ofChargePoint}, ${ofConnector}, station_transaction_id AS "stationTransactionId",
    station_use AS "stationUse", is_start_told AS "isStartTold", last_event_at AS "lastEventAtMs", last_seq_no AS "lastSeqNo",
    updated_at AS "updatedAtMs", id_token AS "idToken",
    id_token_type AS "idTokenType", id_token_status AS "idTokenStatus", started_at AS "startedAtMs", meter_start_wh AS "meterStartWh",
    reservation_id AS "reservationId", remote_start_id AS "remoteStartId", charging_state AS "chargingState",
    register_fell_from_wh AS "registerFellFromWh", register_fell_at AS "registerFellAtMs",
    stopped_at AS "stoppedAtMs", meter_stop_wh AS "meterStopWh", stop_reason AS "stopReason", stop_id_token AS "stopIdToken",
    closed_by AS "closedBy", received_at AS "receivedAtMs" FROM transactions WHERE charge_point_id = ANY($1)`,
  facts: `SELECT ${ofChargePoint}, sent_at AS "sentAtMs", transaction_id AS "transactionId", ${received}, payload::text,
    answer::text FROM transaction_facts WHERE charge_point_id = ANY($1)`,
  corrections: `SELECT transaction_id AS "transactionId", number, at AS "atMs", operator, stopped_at_before AS "stoppedBeforeMs",
    meter_stop_wh_before AS "meterStopBeforeWh", stop_reason_before AS "reasonBefore", stopped_at AS "stoppedAtMs",
    meter_stop_wh AS "meterStopWh", stop_reason AS reason FROM transaction_corrections
    WHERE transaction_id IN (SELECT id FROM transactions WHERE charge_point_id = ANY($1))`,
  events: `SELECT ${ofChargePoint}, action, occurred_at AS "occurredAtMs", ${received}, payload::text
    FROM charge_point_events WHERE charge_point_id = ANY($1)`,
  anomalies: `SELECT ${ofChargePoint}, kind, transaction, detail::text, ${received}
    FROM anomalies WHERE charge_point_id = ANY($1)`,
  meterValues: `SELECT ${ofChargePoint}, transaction_ref::text AS "transactionRef", sampled_at AS "sampledAtMs", ${ofConnector},
    digest::text, energy_wh AS "energyWh", meter_value::text AS "meterValue" FROM meter_values WHERE charge_point_id = ANY($1)`,
  variables: `SELECT ${ofChargePoint}, ${ofConnector}, component_name AS "componentName", component_instance AS "componentInstance",
    variable_name AS "variableName", variable_instance AS "variableInstance", attribute_type AS "attributeType", value, mutability,
    persistent, constant, characteristics::text, updated_at AS "updatedAtMs" FROM variables WHERE charge_point_id = ANY($1)`,
  problems: `SELECT ${ofChargePoint}, ${ofConnector}, ${ofComponent}, tech_code AS "techCode", tech_info AS "techInfo", cause,
    occurred_at AS "occurredAtMs", updated_at AS "receivedAtMs" FROM problems WHERE charge_point_id = ANY($1)`,
  problemTimes: `SELECT ${ofChargePoint}, ${ofConnector}, ${ofComponent}, occurred_at AS "occurredAtMs", received_at AS "receivedAtMs"
    FROM problem_times WHERE charge_point_id = ANY($1)`,
}
