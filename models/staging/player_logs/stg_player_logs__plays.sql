-- Plays, typed. A field that is not what it should be is null; the record stays. A play
-- time in milliseconds is divided.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ delete_gone_deliveries() }}',
) }}

with records as (

    {{ read_new_records('play') }}

),

timed as (

    select
        *,
        {{ to_number('play_time') }} as delivered_seconds,
        {{ to_number('song_length') }} as song_seconds
    from records

),

final as (

    select
        -- keys
        delivery_id,
        line_number,
        -- whose form the filter below has checked
        try_cast(uid as bigint) as user_id,
        {{ to_integer('song_id') }} as song_id,

        -- what was played
        song_name,
        singer,
        case
            when {{ is_in_milliseconds('delivered_seconds', 'song_seconds') }}
                then delivered_seconds / 1000
            else delivered_seconds
        end as play_seconds,
        song_seconds,
        {{ is_in_milliseconds('delivered_seconds', 'song_seconds') }}
            as is_play_time_repaired,

        -- how
        {{ is_android('device') }} as is_android,
        {{ is_paid('paid_flag') }} as is_paid,
        event_date
    from timed
    where {{ is_user_id('uid') }}

)

select * from final
