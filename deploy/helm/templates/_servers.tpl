{{/* Where the ledger, the broker and the store are, and which secrets lead there. */}}

{{- define "preread.postgresql.name" -}}
{{ include "preread.fullname" . }}-postgresql
{{- end -}}

{{- define "preread.postgresql.secret" -}}
{{- if .Values.postgresql.operator.enabled -}}
{{ include "preread.postgresql.name" . }}-app
{{- else -}}
{{ .Values.postgresql.existingSecret }}
{{- end -}}
{{- end -}}

{{/* The certificate that the database's must come from: (dict "secret" "key"), empty for public ones. */}}
{{- define "preread.postgresql.caSecret" -}}
{{- if .Values.postgresql.operator.enabled -}}
{{ include "preread.postgresql.name" . }}-ca
{{- else -}}
{{ .Values.postgresql.caSecret }}
{{- end -}}
{{- end -}}

{{- define "preread.postgresql.caKey" -}}
{{- if .Values.postgresql.operator.enabled }}ca.crt{{ else }}{{ .Values.postgresql.caKey }}{{ end -}}
{{- end -}}

{{- define "preread.postgresql.port" -}}
{{- if .Values.postgresql.operator.enabled }}5432{{ else }}{{ int .Values.postgresql.port }}{{ end -}}
{{- end -}}

{{/* User and password come from the environment (PGUSER, PGPASSWORD): libpq takes no password file that others
of the pod's group can read, and Kubernetes makes no other. */}}
{{- define "preread.postgresql.url" -}}
{{- $of := .Values.postgresql -}}
{{- $host := ternary (printf "%s-rw" (include "preread.postgresql.name" .)) $of.host $of.operator.enabled -}}
{{- $database := ternary "preread" $of.database $of.operator.enabled -}}
{{- $mode := ternary "verify-full" $of.sslMode $of.operator.enabled -}}
{{- $checked := has $mode (list "verify-full" "verify-ca") -}}
{{- $root := ternary "/etc/preread/postgresql/ca.crt" "system" (ne (include "preread.postgresql.caSecret" .) "") -}}
postgresql+psycopg://{{ $host }}:{{ include "preread.postgresql.port" . }}/{{ $database }}?sslmode={{ $mode }}
{{- if $checked }}&sslrootcert={{ $root }}{{ end -}}
{{- end -}}

{{- define "preread.rabbitmq.used" -}}
{{- if eq .Values.broker.kind "rabbitmq" }}true{{ end -}}
{{- end -}}

{{- define "preread.rabbitmq.name" -}}
{{ include "preread.fullname" . }}-rabbitmq
{{- end -}}

{{- define "preread.rabbitmq.secret" -}}
{{- if .Values.rabbitmq.operator.enabled -}}
{{ include "preread.rabbitmq.name" . }}-default-user
{{- else -}}
{{ .Values.rabbitmq.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "preread.rabbitmq.usernameKey" -}}
{{- if .Values.rabbitmq.operator.enabled }}username{{ else }}{{ .Values.rabbitmq.usernameKey }}{{ end -}}
{{- end -}}

{{- define "preread.rabbitmq.passwordKey" -}}
{{- if .Values.rabbitmq.operator.enabled }}password{{ else }}{{ .Values.rabbitmq.passwordKey }}{{ end -}}
{{- end -}}

{{- define "preread.rabbitmq.tls" -}}
{{- if .Values.rabbitmq.operator.enabled -}}
{{- if .Values.rabbitmq.operator.tlsSecret }}true{{ end -}}
{{- else if .Values.rabbitmq.tls }}true{{ end -}}
{{- end -}}

{{- define "preread.rabbitmq.port" -}}
{{- if not .Values.rabbitmq.operator.enabled -}}
{{- int .Values.rabbitmq.port -}}
{{- else if include "preread.rabbitmq.tls" . }}5671{{ else }}5672{{ end -}}
{{- end -}}

{{/* host:port/vhost, the part behind user and password. */}}
{{- define "preread.rabbitmq.place" -}}
{{- $of := .Values.rabbitmq -}}
{{- $host := ternary (printf "%s.%s.svc" (include "preread.rabbitmq.name" .) .Release.Namespace) $of.host $of.operator.enabled -}}
{{- $host }}:{{ include "preread.rabbitmq.port" . }}/{{ ternary "/" $of.vhost $of.operator.enabled | urlquery -}}
{{- end -}}

{{- define "preread.rabbitmq.scheme" -}}
amqp{{ if include "preread.rabbitmq.tls" . }}s{{ end -}}
{{- end -}}

{{/* The section `store` of the service's configuration: the one place that knows its keys. */}}
{{- define "preread.store.config" -}}
{{- with .Values.store -}}
{{- if eq .kind "s3" -}}
kind: s3
bucket: {{ .s3.bucket }}
{{- with .s3.endpointUrl }}
endpoint_url: {{ . }}
{{- end }}
{{- with .s3.region }}
region: {{ . }}
{{- end }}
{{- with .s3.prefix }}
prefix: {{ . }}
{{- end }}
{{- with .s3.encryption }}
encryption: {{ . }}
{{- end }}
{{- with .s3.kmsKeyId }}
kms_key_id: {{ . }}
{{- end }}
{{- if .s3.existingSecret }}
credentials_file: /etc/preread/s3/credentials
{{- end }}
{{- if .s3.caSecret }}
ca: /etc/preread/s3/ca.crt
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "preread.store.claim" -}}
{{- default (printf "%s-store" (include "preread.fullname" .)) .Values.store.filesystem.existingClaim -}}
{{- end -}}
