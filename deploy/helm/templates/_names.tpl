{{/* Names and labels. */}}

{{- define "preread.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 25 | trimSuffix "-" -}}
{{- end -}}

{{/* Begins the name of every object. Short, since it becomes part of label values of 63
characters, with a worker's name of 31 behind it. */}}
{{- define "preread.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 25 | trimSuffix "-" -}}
{{- else if contains (include "preread.name" .) .Release.Name -}}
{{- .Release.Name | trunc 25 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "preread.name" .) | trunc 25 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What never changes of a workload: Deployments cannot be given another selector. Takes (dict root component). */}}
{{- define "preread.selectorLabels" -}}
app.kubernetes.io/name: {{ include "preread.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .worker }}
preread/worker: {{ . }}
{{- end }}
{{- end -}}

{{- define "preread.labels" -}}
{{ include "preread.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "preread.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "preread.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Takes (dict root kind), kind being service, cpu or gpu. */}}
{{- define "preread.image" -}}
{{- $image := .root.Values.image -}}
{{- $repository := index (dict "service" $image.repository "cpu" $image.cpuRepository "gpu" $image.gpuRepository) .kind -}}
{{- $digest := index $image.digests .kind -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion $image.tag) -}}
{{- with $digest }}@{{ . }}{{ end -}}
{{- end -}}
