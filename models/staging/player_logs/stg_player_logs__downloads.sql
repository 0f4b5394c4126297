-- Downloads, typed. A field that is not what it should be is null; the record stays.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ delete_gone_deliveries() }}',
) }}

with records as (

    {{ read_new_records('down') }}

),

final as (

    select
        -- keys
        delivery_id,
        line_number,
        -- whose form the filter below has checked
        try_cast(uid as bigint) as user_id,
        {{ to_integer('song_id') }} as song_id,

        -- what was downloaded
        song_name,
        singer,

        -- how
        {{ is_android('device') }} as is_android,
        {{ is_paid('paid_flag') }} as is_paid,
        event_date
    from records
    where {{ is_user_id('uid') }}

)

select * from final
