-- In how many records of an event each typed field has the form and unit described. In
-- another one it is null, or a thousand times too large, and nobody would notice.
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

    {%- set longest = var('longest_play_seconds') %}
    {%- set play_time = 'play_seconds between 0 and ' ~ longest
        ~ ' and not is_play_time_repaired' %}
    {%- set song_length = 'song_seconds > 0 and song_seconds <= ' ~ longest %}
    {%- set fields = [
        ('play', 'plays', 'song_id', 'song_id is not null', none),
        ('play', 'plays', 'play_time', play_time, none),
        ('play', 'plays', 'song_length', song_length, none),
        ('play', 'plays', 'device', 'is_android is not null', 'is_android'),
        ('play', 'plays', 'paid_flag', 'is_paid is not null', none),
        ('down', 'downloads', 'song_id', 'song_id is not null', none),
        ('down', 'downloads', 'device', 'is_android is not null', 'is_android'),
        ('down', 'downloads', 'paid_flag', 'is_paid is not null', none),
        ('search', 'searches', 'device', 'is_android is not null', 'is_android'),
        (
            'search', 'searches', 'time_stamp', 'searched_at is not null',
            'evening_search_share',
        ),
    ] %}
    {%- for event, records, field, is_read, feature in fields %}
    select
        '{{ event }}' as event,
        '{{ field }}' as field,
        count(*) as records,
        {{ count_where(is_read) }} as read_records,
        cast(
            {{ "'" ~ feature ~ "'" if feature else 'null' }} as {{ dbt.type_string() }}
        ) as null_feature
    from {{ records }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        event,
        field,
        records,
        read_records,
        null_feature
    from counted
    where records > 0

)

select * from final
