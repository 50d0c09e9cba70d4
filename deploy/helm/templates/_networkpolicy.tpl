{{/* Edges that several NetworkPolicies have: `to` or `from` with ports, one list item each. */}}

{{/* Takes (dict root component): the metadata and the beginning of the spec. */}}
{{- define "preread.policy.head" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "preread.fullname" .root }}-{{ .component }}
  labels:
    {{- include "preread.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "preread.selectorLabels" . | nindent 6 }}
{{- end -}}

{{/* Networks, or any address where none are given. Takes (dict cidrs). */}}
{{- define "preread.policy.networks" -}}
{{- range default (list "0.0.0.0/0" "::/0") .cidrs }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end -}}

{{- define "preread.policy.namespace" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end -}}

{{/* Names are resolved by the cluster's DNS. */}}
{{- define "preread.policy.toDns" -}}
# Names of servers: the cluster's DNS.
- to:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end -}}

{{- define "preread.policy.toLedger" -}}
# Every state: the ledger.
- to:
    {{- if .Values.postgresql.operator.enabled }}
    - podSelector:
        matchLabels:
          cnpg.io/cluster: {{ include "preread.postgresql.name" . }}
    {{- else }}
    {{- include "preread.policy.networks" (dict "cidrs" .Values.postgresql.cidrs) | nindent 4 }}
    {{- end }}
  ports:
    - {port: {{ include "preread.postgresql.port" . }}}
{{- end -}}

{{- define "preread.policy.toBroker" -}}
{{- if include "preread.rabbitmq.used" . -}}
# Work that is handed on, and work to be done: RabbitMQ.
- to:
    {{- if .Values.rabbitmq.operator.enabled }}
    - podSelector:
        matchLabels:
          app.kubernetes.io/name: {{ include "preread.rabbitmq.name" . }}
          app.kubernetes.io/component: rabbitmq
    {{- else }}
    {{- include "preread.policy.networks" (dict "cidrs" .Values.rabbitmq.cidrs) | nindent 4 }}
    {{- end }}
  ports:
    - {port: {{ include "preread.rabbitmq.port" . }}}
{{- end -}}
{{- end -}}

{{- define "preread.policy.toStore" -}}
{{- if eq .Values.store.kind "s3" -}}
# Images and results: the object store. (A volume is mounted by the node, which no policy concerns.)
- to:
    {{- include "preread.policy.networks" (dict "cidrs" .Values.store.s3.cidrs) | nindent 4 }}
  ports:
    - {port: {{ .Values.store.s3.port }}}
{{- end -}}
{{- end -}}

{{/* Where traces go, if they do: `config.traces.endpoint`. */}}
{{- define "preread.policy.toCollector" -}}
{{- with dig "traces" "endpoint" "" .Values.config -}}
{{- $url := urlParse . -}}
# Traces: the collector.
- to:
    {{- if $.Values.networkPolicy.collectorNamespace }}
    {{- include "preread.policy.namespace" $.Values.networkPolicy.collectorNamespace | nindent 4 }}
    {{- else }}
    {{- include "preread.policy.networks" (dict "cidrs" $.Values.networkPolicy.collectorCidrs) | nindent 4 }}
    {{- end }}
  ports:
    - {port: {{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}}
{{- end -}}
{{- end -}}

{{/* DICOM, DICOMweb, HL7 and FHIR peers listen on ports of their own choice. */}}
{{- define "preread.policy.toPacs" -}}
# PACS and other systems of the configuration, on whatever port they listen.
- to:
    {{- include "preread.policy.networks" (dict "cidrs" .Values.networkPolicy.pacsCidrs) | nindent 4 }}
{{- end -}}

{{/* Takes (dict root role). */}}
{{- define "preread.policy.fromMonitoring" -}}
{{- if .root.Values.metrics.enabled -}}
# Metrics: Prometheus.
- from:
    {{- include "preread.policy.namespace" .root.Values.networkPolicy.monitoringNamespace | nindent 4 }}
  ports:
    - {port: {{ include "preread.port.metrics" . }}}
{{- end -}}
{{- end -}}
