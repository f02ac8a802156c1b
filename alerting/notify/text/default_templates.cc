// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/text/default_templates.h"

namespace vigil::alerting {

const std::string_view kDefaultTemplates = R"tmpl(
{{- define "__alertmanager" }}vigil{{ end }}
{{- define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{- define "__subject" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}]
{{- with .GroupLabels.SortedPairs.Values }} {{ . | join " " }}{{ end }}
{{- with (.CommonLabels.Remove .GroupLabels.Names).Values }} ({{ . | join " " }}){{ end }}
{{- end }}

{{- define "__description" }}{{ end }}

{{- define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{- define "__text_alert_list_markdown" }}{{ range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{- define "__text_both" -}}
{{ if .Alerts.Firing }}Alerts Firing:
{{ template "__text_alert_list" .Alerts.Firing }}{{ end -}}
{{ if .Alerts.Resolved }}Alerts Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}{{ end }}
{{- end }}

{{- define "__text_both_markdown" -}}
{{ if .Alerts.Firing }}# Alerts Firing:
{{ template "__text_alert_list_markdown" .Alerts.Firing }}{{ end -}}
{{ if .Alerts.Resolved }}# Alerts Resolved:
{{ template "__text_alert_list_markdown" .Alerts.Resolved }}{{ end }}
{{- end }}

{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{- define "slack.default.callbackid" }}{{ end }}
{{- define "slack.default.pretext" }}{{ end }}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "slack.default.iconemoji" }}{{ end }}
{{- define "slack.default.iconurl" }}{{ end }}
{{- define "slack.default.text" }}{{ end }}
{{- define "slack.default.footer" }}{{ end }}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{- define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{- define "email.default.text" }}{{ template "__subject" . }}

{{ template "__text_both" . }}
{{ template "__alertmanagerURL" . }}
{{ end }}

{{- define "__email_alerts" }}{{ range . }}
<table style="border-collapse:collapse;margin:0 0 12px 0;width:100%;background:#ffffff;border:1px solid #dddddd">
<tr><td style="padding:8px 12px">
<b>Labels</b><br>
{{ range .Labels.SortedPairs }}{{ .Name | html }} = {{ .Value | html }}<br>
{{ end }}{{ if .Annotations }}<b>Annotations</b><br>
{{ range .Annotations.SortedPairs }}{{ .Name | html }} = {{ .Value | html }}<br>
{{ end }}{{ end }}{{ if .GeneratorURL }}<a href="{{ .GeneratorURL | html }}">Source</a>{{ end }}
</td></tr></table>{{ end }}{{ end }}

{{- define "email.default.html" -}}
<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{ template "__subject_html" . }}</title></head>
<body style="font-family:sans-serif;font-size:14px;background:#f6f6f6;color:#222222;margin:0;padding:16px">
<div style="max-width:640px;margin:0 auto">
<h2 style="margin:0 0 12px 0;padding:12px;color:#ffffff;background:{{ if eq .Status "firing" }}#c0392b{{ else }}#2e7d32{{ end }}">
{{- len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }}
{{- with .GroupLabels.SortedPairs }} for {{ range . }}{{ .Name | html }}={{ .Value | html }} {{ end }}{{ end }}</h2>
<p><a href="{{ .ExternalURL | html }}/#/alerts?receiver={{ .Receiver | urlquery | html }}">View in {{ template "__alertmanager" . }}</a></p>
{{ if .Alerts.Firing }}<h3>[{{ len .Alerts.Firing }}] Firing</h3>{{ template "__email_alerts" .Alerts.Firing }}{{ end }}
{{ if .Alerts.Resolved }}<h3>[{{ len .Alerts.Resolved }}] Resolved</h3>{{ template "__email_alerts" .Alerts.Resolved }}{{ end }}
</div></body></html>
{{ end }}
{{- define "__subject_html" -}}
[{{ .Status | toUpper | html }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}]
{{- range .GroupLabels.SortedPairs.Values }} {{ . | html }}{{ end }}
{{- end }}

{{- define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{- define "opsgenie.default.description" }}{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}{{ end }}
{{- define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}

{{- define "pushover.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "pushover.default.message" }}{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}{{ end }}
{{- define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end }}

{{- define "telegram.default.message" }}{{ template "__text_both" . }}{{ end }}
{{- define "webex.default.message" }}{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}{{ end }}

{{- define "discord.default.content" }}{{ end }}
{{- define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "discord.default.message" }}{{ template "__text_both" . }}{{ end }}

{{- define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{- define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "msteams.default.text" }}{{ template "__text_both_markdown" . }}{{ end }}
{{- define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "msteamsv2.default.text" }}{{ template "__text_both_markdown" . }}{{ end }}

{{- define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "rocketchat.default.emoji" }}{{ end }}
{{- define "rocketchat.default.iconurl" }}{{ end }}
{{- define "rocketchat.default.text" }}{{ end }}

{{- define "mattermost.default.text" }}{{ template "__text_both_markdown" . }}{{ end }}
{{- define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "mattermost.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "mattermost.default.fallback" }}{{ template "mattermost.default.title" . }} | {{ template "mattermost.default.titlelink" . }}{{ end }}
{{- define "mattermost.default.color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end }}

{{- define "victorops.default.state_message" }}{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}{{ end }}
{{- define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end }}
{{- define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end }}

{{- define "wechat.default.message" }}{{ template "__subject" . }}
{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}
{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "wechat.default.to_user" }}{{ end }}
{{- define "wechat.default.to_party" }}{{ end }}
{{- define "wechat.default.to_tag" }}{{ end }}
{{- define "wechat.default.agent_id" }}{{ end }}

{{- define "sns.default.subject" }}{{ template "__subject" . }}{{ end }}
{{- define "sns.default.message" }}{{ .CommonAnnotations.SortedPairs.Values | join " " }}
{{ template "__text_both" . }}{{ end }}

{{- define "jira.default.summary" }}{{ template "__subject" . }}{{ end }}
{{- define "jira.default.description" }}{{ template "__text_both_markdown" . }}{{ end }}
{{- define "jira.default.priority" }}
{{- $priority := "" }}
{{- range .Alerts.Firing }}
{{- if eq .Labels.severity "critical" }}{{ $priority = "High" }}
{{- else if and (eq .Labels.severity "warning") (ne $priority "High") }}{{ $priority = "Medium" }}
{{- else if and (eq .Labels.severity "info") (eq $priority "") }}{{ $priority = "Low" }}
{{- end }}
{{- end }}
{{- $priority }}
{{- end }}
)tmpl";

}  // namespace vigil::alerting
