-- In how many records of an event each typed field could be read. A field in another
-- form than the one described is null in every record, and nobody would notice.
with plays as (

    select * from {{ ref('stg_player_logs__plays') }}

),

downloads as (

    select * from {{ ref('stg_player_logs__downloads') }}

),

searches as (

    select * from {{ ref('stg_player_logs__searches') }}

),

counted as (

    {%- set fields = [
        ('play', 'plays', 'song_id', 'song_id'),
        ('play', 'plays', 'play_time', 'play_seconds'),
        ('play', 'plays', 'song_length', 'song_seconds'),
        ('play', 'plays', 'device', 'is_android'),
        ('play', 'plays', 'paid_flag', 'is_paid'),
        ('down', 'downloads', 'song_id', 'song_id'),
        ('down', 'downloads', 'device', 'is_android'),
        ('down', 'downloads', 'paid_flag', 'is_paid'),
        ('search', 'searches', 'device', 'is_android'),
        ('search', 'searches', 'time_stamp', 'searched_at'),
    ] %}
    {%- for event, records, field, column in fields %}
    select
        '{{ event }}' as event,
        '{{ field }}' as field,
        count(*) as records,
        count({{ column }}) as read_records
    from {{ records }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        event,
        field,
        records,
        read_records
    from counted
    where records > 0

)

select * from final
