{{/* What values.schema.json cannot say: values that do not go together. Each message says what to do. */}}

{{- define "preread.validate" -}}
{{- include "preread.validate.config" . -}}
{{- include "preread.validate.servers" . -}}
{{- include "preread.validate.accept" . -}}
{{- include "preread.validate.classifiers" . -}}
{{- include "preread.validate.worklist" . -}}
{{- include "preread.validate.secrets" . -}}
{{- end -}}

{{/* Settings that the chart makes itself, and what to set instead. */}}
{{- define "preread.validate.config" -}}
{{- $config := .Values.config -}}
{{- $mine := list
  (list "data_folder" "store and accept.journal")
  (list "ledger" "postgresql")
  (list "store.kind" "store.kind")
  (list "store.bucket" "store.s3.bucket")
  (list "store.credentials_file" "store.s3.existingSecret")
  (list "metrics.enabled" "metrics.enabled")
  (list "metrics.bind" "networkPolicy.monitoringNamespace")
  (list "metrics.port" "metrics.port")
  (list "broker.kind" "broker.kind")
  (list "broker.url" "rabbitmq")
  (list "broker.password_file" "rabbitmq.existingSecret")
  (list "broker.tls" "rabbitmq.tls and rabbitmq.caSecret")
  (list "accept.bind" "accept.service")
  (list "accept.durability" "accept.journal.kind")
  (list "accept.journal_folder" "accept.journal")
  (list "infer.classifiers" "classifiers")
  (list "infer.plan_folder" "infer.plans")
  (list "worklist.bind" "worklist.service") -}}
{{- range $mine -}}
{{- $path := splitList "." (first .) -}}
{{- $section := $config -}}
{{- if eq (len $path) 2 -}}
{{- $section = default dict (index $config (first $path)) -}}
{{- end -}}
{{- if hasKey $section (last $path) -}}
{{- fail (printf "config.%s is set by the chart: remove it, and set the value %s instead" (first .) (last .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "preread.validate.servers" -}}
{{- with .Values.postgresql -}}
{{- if and .operator.enabled .host -}}
{{- fail "postgresql.operator.enabled and postgresql.host exclude each other: keep the one that is meant" -}}
{{- end -}}
{{- if not (or .operator.enabled .host) -}}
{{- fail "the ledger has no database: set postgresql.host and postgresql.existingSecret to one of yours, or postgresql.operator.enabled to true where CloudNativePG is installed" -}}
{{- end -}}
{{- if and .host (not .existingSecret) -}}
{{- fail "postgresql.host needs postgresql.existingSecret: make a secret with the keys username and password, and name it there" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.broker.kind "rabbitmq" -}}
{{- with .Values.rabbitmq -}}
{{- if and .operator.enabled .host -}}
{{- fail "rabbitmq.operator.enabled and rabbitmq.host exclude each other: keep the one that is meant" -}}
{{- end -}}
{{- if not (or .operator.enabled .host) -}}
{{- fail "there is no broker: set rabbitmq.host and rabbitmq.existingSecret to a RabbitMQ of yours, or rabbitmq.operator.enabled to true where its cluster operator is installed, or broker.kind to embedded" -}}
{{- end -}}
{{- if and .host (not .existingSecret) -}}
{{- fail "rabbitmq.host needs rabbitmq.existingSecret: make a secret with the keys username and password, and name it there" -}}
{{- end -}}
{{- if and .operator.enabled .caSecret (not .operator.tlsSecret) -}}
{{- fail "rabbitmq.caSecret does nothing while AMQP is not encrypted: set rabbitmq.operator.tlsSecret" -}}
{{- end -}}
{{- end -}}
{{- else if or .Values.rabbitmq.host .Values.rabbitmq.operator.enabled -}}
{{- fail "broker.kind is embedded, and rabbitmq is set up all the same: set broker.kind to rabbitmq, or remove rabbitmq.host and rabbitmq.operator.enabled" -}}
{{- end -}}
{{- if and (eq .Values.store.kind "s3") (not .Values.store.s3.bucket) -}}
{{- fail "store.kind is s3: name the bucket in store.s3.bucket" -}}
{{- end -}}
{{- if or (hasPrefix "/" .Values.store.s3.prefix) (hasSuffix "/" .Values.store.s3.prefix) -}}
{{- fail "store.s3.prefix begins or ends with a slash: leave it out, the keys are the same without it" -}}
{{- end -}}
{{- if and (eq .Values.store.kind "filesystem") .Values.store.s3.bucket -}}
{{- fail "store.s3.bucket does nothing while store.kind is filesystem: set store.kind to s3" -}}
{{- end -}}
{{- end -}}

{{- define "preread.validate.accept" -}}
{{- $accept := dig "accept" dict .Values.config -}}
{{- with .Values.accept -}}
{{- if and (eq .service.type "LoadBalancer") (not .service.sourceRanges) -}}
{{- fail "accept.service.sourceRanges is empty: list the networks of scanners and PACS, or [0.0.0.0/0] to let everybody send" -}}
{{- end -}}
{{- if and (ne .service.type "ClusterIP") (eq .service.externalTrafficPolicy "Cluster") (or $accept.allowed_hosts (dig "peers" list $accept | toJson | contains "\"hosts\"")) -}}
{{- fail "accept.service.externalTrafficPolicy Cluster hides senders' addresses, which config.accept.allowed_hosts and peers compare: set it to Local" -}}
{{- end -}}
{{- if and (gt (int .replicas) 1) (dig "watched_folder" "path" "" $accept) -}}
{{- fail "config.accept.watched_folder is watched by one process: set accept.replicas to 1" -}}
{{- end -}}
{{- end -}}
{{- if and (dig "stow" "enabled" false $accept) (not (and (dig "stow" "tokens_file" "" $accept) (dig "stow" "certificate" "" $accept))) -}}
{{- fail "config.accept.stow lets everybody store in the clear: give it tokens_file, certificate and key, from an entry of secrets" -}}
{{- end -}}
{{- end -}}

{{- define "preread.validate.classifiers" -}}
{{- $served := list -}}
{{- range $name, $entry := .Values.classifiers -}}
{{- $worker := mergeOverwrite (deepCopy $.Values.infer) (deepCopy (default dict $entry)) -}}
{{- $served = append $served (default $name $worker.classifier) -}}
{{- include "preread.validate.worker" (dict "root" $ "name" $name "worker" $worker) -}}
{{- end -}}
{{- $wanted := list -}}
{{- range .Values.config.rules -}}
{{- $wanted = concat $wanted .classifiers (default list .shadow) -}}
{{- end -}}
{{- range $wanted | uniq -}}
{{- if not (has . $served) -}}
{{- fail (printf "config.rules names the classifier %s, which no worker runs, so that its studies would wait for ever: add classifiers.%s" . .) -}}
{{- end -}}
{{- end -}}
{{- range $served | uniq -}}
{{- if not (has . $wanted) -}}
{{- fail (printf "workers for %s would not start: no rule of config.rules names that classifier; add it to one, or remove the entry of classifiers" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "preread.validate.worker" -}}
{{- $scaling := .worker.autoscaling -}}
{{- if and $scaling.enabled (ne .root.Values.broker.kind "rabbitmq") (not $scaling.triggers) -}}
{{- fail (printf "classifiers.%s.autoscaling looks at queues of RabbitMQ: set broker.kind to rabbitmq, or autoscaling.enabled to false and replicas" .name) -}}
{{- end -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "classifiers.%s.autoscaling has minReplicas above maxReplicas: raise maxReplicas" .name) -}}
{{- end -}}
{{- $pods := ternary $scaling.maxReplicas .worker.replicas $scaling.enabled | int -}}
{{- with .worker.plans -}}
{{- if and (eq $.worker.device "gpu") (eq .kind "claim") (not .existingClaim) (eq .accessMode "ReadWriteOnce") (gt $pods 1) -}}
{{- fail (printf "classifiers.%s may have %d pods, and its plans one ReadWriteOnce claim, so that pods on a second node would hang: set plans.accessMode to ReadWriteMany or plans.kind to emptyDir" $.name $pods) -}}
{{- end -}}
{{- end -}}
{{- range list "classifiers" "plan_folder" -}}
{{- if hasKey $.worker.settings . -}}
{{- fail (printf "classifiers.%s.settings.%s is set by the chart: remove it" $.name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "preread.validate.worklist" -}}
{{- $url := dig "worklist" "public_url" "" .Values.config -}}
{{- with .Values.worklist -}}
{{- if and (or .ingress.enabled .httpRoute.enabled) (not $url) -}}
{{- fail "the worklist is exposed and does not know its address: set config.worklist.public_url, such as https://preread.hospital" -}}
{{- end -}}
{{- if and .ingress.enabled .httpRoute.enabled -}}
{{- fail "worklist.ingress and worklist.httpRoute lead to the same host: enable one of them" -}}
{{- end -}}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) -}}
{{- fail "worklist.httpRoute needs a gateway: name it in worklist.httpRoute.parentRefs" -}}
{{- end -}}
{{- if and .ingress.tlsSecret (not (hasPrefix "https://" $url)) -}}
{{- fail "worklist.ingress.tlsSecret does nothing while config.worklist.public_url does not begin with https://" -}}
{{- end -}}
{{- end -}}
{{- if and (eq (dig "worklist" "sign_in" "" .Values.config) "never") (not .Values.networkPolicy.enabled) -}}
{{- fail "config.worklist.sign_in never lets every pod of the cluster read patients: set networkPolicy.enabled to true, so that only the proxy in front gets there" -}}
{{- end -}}
{{- end -}}

{{/* Files that the configuration names are there, for the roles that are given them. */}}
{{- define "preread.validate.secrets" -}}
{{- range regexFindAll "/etc/preread/secrets/[a-z0-9-]+" (toJson .Values.config) -1 | uniq -}}
{{- $name := base . -}}
{{- if not (hasKey $.Values.secrets $name) -}}
{{- fail (printf "config names a file in %s: add secrets.%s with existingSecret and roles" . $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
