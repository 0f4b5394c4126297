-- What fitted recommenders list: for those who are served, and for those by whom
-- recommenders are judged.
{{ config(materialized='view') }}

with served_lists as (

    select * from {{ ref('served_lists') }}

),

judged_lists as (

    select * from {{ ref('judged_lists') }}

),

final as (

    select * from served_lists

    union all

    select * from judged_lists

)

select * from final
