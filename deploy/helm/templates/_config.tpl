{{/* preread.yaml, and what differs from role to role: the environment, which wins over the file. */}}

{{/* Of values.config, what the chart looks at; the defaults are the service's. */}}
{{- define "preread.port.dicom" -}}{{ dig "accept" "port" 11112 .Values.config | int }}{{- end -}}
{{- define "preread.port.dicomTls" -}}{{ dig "accept" "tls" "port" 2762 .Values.config | int }}{{- end -}}
{{- define "preread.port.stow" -}}{{ dig "accept" "stow" "port" 8104 .Values.config | int }}{{- end -}}
{{- define "preread.port.worklist" -}}{{ dig "worklist" "port" 8100 .Values.config | int }}{{- end -}}
{{- define "preread.publicHost" -}}
{{- (dig "worklist" "public_url" "" .Values.config | urlParse).host | regexFind "^[^:]+" -}}
{{- end -}}
{{- define "preread.hasDicom" -}}{{ if not (dig "accept" "tls" "only" false .Values.config) }}true{{ end }}{{- end -}}
{{- define "preread.hasDicomTls" -}}{{ if dig "accept" "tls" "certificate" "" .Values.config }}true{{ end }}{{- end -}}
{{- define "preread.hasStow" -}}{{ if dig "accept" "stow" "enabled" false .Values.config }}true{{ end }}{{- end -}}
{{- define "preread.drainSeconds" -}}{{ dig "drain_s" 30 .Values.config | ceil | int }}{{- end -}}

{{- define "preread.config" -}}
{{- $own := dict
  "data_folder" "/data"
  "accept" (dict "bind" "0.0.0.0" "durability" (ternary "direct" "journal" (eq .Values.accept.journal.kind "none")))
  "worklist" (dict "bind" "0.0.0.0")
  "broker" (dict "kind" .Values.broker.kind) -}}
{{- if include "preread.hasStow" . -}}
{{- $_ := set $own.accept "stow" (dict "bind" "0.0.0.0") -}}
{{- end -}}
{{- if include "preread.rabbitmq.used" . -}}
{{- $_ := set $own.broker "password_file" "/etc/preread/rabbitmq/password" -}}
{{- if and (include "preread.rabbitmq.tls" .) .Values.rabbitmq.caSecret -}}
{{- $_ := set $own.broker "tls" (dict "ca" "/etc/preread/rabbitmq/ca.crt") -}}
{{- end -}}
{{- end -}}
{{- with include "preread.store.config" . | fromYaml -}}
{{- $_ := set $own "store" . -}}
{{- end -}}
{{- toYaml (mergeOverwrite (dict "log_format" "json") (deepCopy .Values.config) $own) -}}
{{- end -}}

{{/* How every role reaches the ledger. */}}
{{- define "preread.env.ledger" -}}
- name: PREREAD_LEDGER__URL
  value: {{ include "preread.postgresql.url" . | quote }}
- name: PGUSER
  valueFrom:
    secretKeyRef:
      name: {{ include "preread.postgresql.secret" . }}
      key: {{ ternary "username" .Values.postgresql.usernameKey .Values.postgresql.operator.enabled }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "preread.postgresql.secret" . }}
      key: {{ ternary "password" .Values.postgresql.passwordKey .Values.postgresql.operator.enabled }}
{{- end -}}

{{/* How accept, infer and send reach the broker. The password is a file (broker.password_file). */}}
{{- define "preread.env.broker" -}}
{{- if include "preread.rabbitmq.used" . -}}
- name: RABBITMQ_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ include "preread.rabbitmq.secret" . }}
      key: {{ include "preread.rabbitmq.usernameKey" . }}
- name: PREREAD_BROKER__URL
  value: {{ printf "%s://$(RABBITMQ_USERNAME)@%s" (include "preread.rabbitmq.scheme" .) (include "preread.rabbitmq.place" .) | quote }}
{{- end -}}
{{- end -}}

{{/* Where every pod serves metrics and health: the one place that knows the section `metrics`. Each role has a
port of its own, counted from that of accept. Takes (dict root role). */}}
{{- define "preread.port.metrics" -}}
{{- add (int .root.Values.metrics.port) (index (dict "accept" 0 "infer" 1 "send" 2 "worklist" 3) .role) -}}
{{- end -}}

{{- define "preread.env.metrics" -}}
- name: PREREAD_METRICS__ENABLED
  value: {{ .Values.metrics.enabled | quote }}
{{- if .Values.metrics.enabled }}
- name: PREREAD_METRICS__BIND
  value: "0.0.0.0"
- name: PREREAD_METRICS__PORT
  value: {{ .Values.metrics.port | quote }}
{{- end }}
{{- end -}}

{{/* The settings of one entry of `classifiers`, as environment variables. Takes (dict worker device name). */}}
{{- define "preread.env.infer" -}}
{{- $backend := ternary "tensorrt" "onnxruntime" (eq .worker.device "gpu") -}}
{{- $settings := mergeOverwrite (dict "backend" $backend) (deepCopy .worker.settings) -}}
{{- $_ := set $settings "classifiers" (list (default .name .worker.classifier)) -}}
{{- range $key := keys $settings | sortAlpha }}
{{- $value := index $settings $key }}
- name: PREREAD_INFER__{{ upper $key }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end -}}
