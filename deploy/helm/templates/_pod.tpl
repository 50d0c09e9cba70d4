{{/* What the pods of all roles share. */}}

{{/* The restricted profile of the Pod Security Standards. */}}
{{- define "preread.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ int .Values.userId }}
runAsGroup: {{ int .Values.userId }}
fsGroup: {{ int .Values.userId }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "preread.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Volumes of a role. Takes (dict root role), role being accept, infer, send, worklist or migrate. */}}
{{- define "preread.volumes" -}}
{{- $root := .root -}}
{{- $role := .role -}}
# Scratch: what is being fetched or written just now. What must last is in store, journal and ledger.
- name: data
  emptyDir: {}
- name: tmp
  emptyDir: {}
{{- with include "preread.postgresql.caSecret" $root }}
- name: postgresql
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - {key: {{ include "preread.postgresql.caKey" $root }}, path: ca.crt}
{{- end }}
{{- if ne $role "migrate" }}
- name: config
  configMap:
    name: {{ include "preread.fullname" $root }}
{{- if eq $root.Values.store.kind "filesystem" }}
- name: store
  persistentVolumeClaim:
    claimName: {{ include "preread.store.claim" $root }}
{{- else if or $root.Values.store.s3.existingSecret $root.Values.store.s3.caSecret }}
- name: s3
  projected:
    defaultMode: 0440
    sources:
      {{- with $root.Values.store.s3.existingSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: {{ $root.Values.store.s3.credentialsKey }}, path: credentials}
      {{- end }}
      {{- with $root.Values.store.s3.caSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: {{ $root.Values.store.s3.caKey }}, path: ca.crt}
      {{- end }}
{{- end }}
{{- if and (include "preread.rabbitmq.used" $root) (ne $role "worklist") }}
- name: rabbitmq
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "preread.rabbitmq.secret" $root }}
          items:
            - {key: {{ include "preread.rabbitmq.passwordKey" $root }}, path: password}
      {{- with $root.Values.rabbitmq.caSecret }}
      - secret:
          name: {{ . }}
          items:
            - {key: {{ $root.Values.rabbitmq.caKey }}, path: ca.crt}
      {{- end }}
{{- end }}
{{- range $name, $secret := $root.Values.secrets }}
{{- if has $role $secret.roles }}
- name: secret-{{ $name }}
  secret:
    secretName: {{ $secret.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- with $root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The mounts that go with them. */}}
{{- define "preread.volumeMounts" -}}
{{- $root := .root -}}
{{- $role := .role -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- if include "preread.postgresql.caSecret" $root }}
- {name: postgresql, mountPath: /etc/preread/postgresql, readOnly: true}
{{- end }}
{{- if ne $role "migrate" }}
- {name: config, mountPath: /etc/preread/config, readOnly: true}
{{- if eq $root.Values.store.kind "filesystem" }}
- {name: store, mountPath: /data/store}
{{- else if or $root.Values.store.s3.existingSecret $root.Values.store.s3.caSecret }}
- {name: s3, mountPath: /etc/preread/s3, readOnly: true}
{{- end }}
{{- if and (include "preread.rabbitmq.used" $root) (ne $role "worklist") }}
- {name: rabbitmq, mountPath: /etc/preread/rabbitmq, readOnly: true}
{{- end }}
{{- range $name, $secret := $root.Values.secrets }}
{{- if has $role $secret.roles }}
- {name: secret-{{ $name }}, mountPath: /etc/preread/secrets/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}
{{- with $root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The environment that all roles but the migration share. */}}
{{- define "preread.env" -}}
- name: PREREAD_CONFIG
  value: /etc/preread/config/preread.yaml
- name: PREREAD_DATA_FOLDER
  value: /data
{{ include "preread.env.ledger" .root }}
{{- if ne .role "worklist" }}
{{- with include "preread.env.broker" .root }}
{{ . }}
{{- end }}
{{- end }}
{{ include "preread.env.metrics" .root }}
{{- end -}}

{{/* The head of a pod's template. Takes (dict root component worker annotations). */}}
{{- define "preread.podMetadata" -}}
labels:
  {{- include "preread.labels" . | nindent 2 }}
annotations:
  # A changed configuration makes new pods.
  checksum/config: {{ include "preread.config" .root | sha256sum }}
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The fields of a pod that are the same everywhere. Takes (dict root values preStopSeconds). */}}
{{- define "preread.podFields" -}}
serviceAccountName: {{ include "preread.serviceAccountName" .root }}
automountServiceAccountToken: false
# Kubernetes would add variables such as PREREAD_ACCEPT_PORT, and the service refuses settings it does not know.
enableServiceLinks: false
securityContext:
  {{- include "preread.podSecurityContext" .root | nindent 2 }}
# Longer than the service takes by itself (drain_s), so that it is never killed over work in hand.
terminationGracePeriodSeconds: {{ add (include "preread.drainSeconds" .root | int) (int .preStopSeconds) 15 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Replicas apart from each other. Takes (dict root component). */}}
{{- define "preread.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "preread.selectorLabels" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* A pod that leaves is still sent to for some seconds; until then it goes on. */}}
{{- define "preread.preStop" -}}
lifecycle:
  preStop:
    exec:
      command: [sleep, {{ . | quote }}]
{{- end -}}

{{/* Probes of a role whose only port is that of its metrics. Takes (dict root startupSeconds). */}}
{{- define "preread.metricsProbes" -}}
{{- if .root.Values.metrics.enabled -}}
startupProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 10
  failureThreshold: {{ div (add (int .startupSeconds) 9) 10 }}
livenessProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}
{{- end -}}
