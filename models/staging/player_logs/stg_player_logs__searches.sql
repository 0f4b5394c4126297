-- Searches, typed. A query that cannot be decoded, often cut inside a character, stays
-- encoded.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ delete_gone_deliveries() }}',
) }}

with records as (

    {{ read_new_records('search') }}

),

final as (

    select
        -- keys
        delivery_id,
        line_number,
        -- whose form the filter below has checked
        try_cast(uid as bigint) as user_id,

        -- what was searched
        coalesce({{ decode_url('search_query') }}, search_query) as search_query,
        search_query is null
        or {{ decode_url('search_query') }} is not null as is_query_decoded,

        -- how
        {{ is_android('device') }} as is_android,
        {{ to_time('time_stamp') }} as searched_at,
        event_date
    from records
    where {{ is_user_id('uid') }}

)

select * from final
