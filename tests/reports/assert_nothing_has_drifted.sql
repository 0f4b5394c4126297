-- What has moved further than is usual; it may well be right, and somebody should know.
{{ config(severity=var('drift_severity')) }}
select *
from {{ ref('rpt_drift') }}
where severity = 'warning' and is_beyond
