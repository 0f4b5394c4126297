-- What becomes of each line that is not simply a record: repaired where that needs no
-- guess, else rejected.
--   * Empty fields before the uid are stray, since a uid is never empty. Others are
--     stray if dropping every empty field leaves the right number of fields, each in
--     its known form.
--   * Two neighbours with too few fields are one record broken by a newline inside a
--     name, if together they have the right number of fields and every field with a
--     known form has that form.
--   * If a line could belong to the one before as well as to the one after, joining
--     would be a guess.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ delete_gone_deliveries() }}',
) }}

with irregular_lines as (

    {{ read_irregular_lines(is_new_delivery()) }}

),

deliveries as (

    select * from {{ ref('stg_player_logs__deliveries') }}

),

log_fields as (

    {%- for event, names in var('log_fields').items() %}
    select
        '{{ event }}' as event,
        {{ names | length }} as fields
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

stripped as (

    select
        irregular_lines.*,
        deliveries.event,
        deliveries.event_date,
        log_fields.fields,
        regexp_replace(irregular_lines.line_text, '^' || chr(9) || '+', '')
            as text_from_uid
    from irregular_lines
    inner join deliveries
        on
            irregular_lines.delivery_id = deliveries.delivery_id
            and deliveries.status = 'accepted'
    inner join log_fields on deliveries.event = log_fields.event

),

counted as (

    select
        *,
        {{ count_fields('line_text') }} as fields_present,
        {{ count_fields('text_from_uid') }} as fields_from_uid,
        regexp_replace(
            {{ replace_pattern('text_from_uid', "chr(9) || '+'", 'chr(9)') }},
            chr(9) || '$',
            ''
        ) as filled_fields
    from stripped

),

trimmed as (

    select
        *,
        case
            when is_too_long or text_from_uid = '' then null
            when fields_from_uid = fields then text_from_uid
            when
                fields_from_uid > fields
                and {{ count_fields('filled_fields') }} = fields
                and {{ has_known_forms('event', 'filled_fields') }}
                then filled_fields
        end as trimmed_text
    from counted

),

pairs as (

    select
        first_half.delivery_id,
        first_half.line_number,
        first_half.event,
        first_half.text_from_uid
        || case when substr(second_half.line_text, 1, 1) = chr(9) then '' else ' ' end
        || second_half.line_text as joined_text
    from trimmed as first_half
    inner join trimmed as second_half
        on
            first_half.delivery_id = second_half.delivery_id
            and first_half.line_number + 1 = second_half.line_number
    where
        first_half.fields_present < first_half.fields
        and second_half.fields_present < second_half.fields
        and first_half.fields_from_uid + second_half.fields_present - 1
        = first_half.fields
        -- nothing but tabs is an empty line, and no half of anything
        and first_half.text_from_uid <> ''
        and second_half.text_from_uid <> ''
        and not first_half.is_too_long
        and not second_half.is_too_long

),

joinable_pairs as (

    select
        *,
        coalesce(
            lag(line_number) over (partition by delivery_id order by line_number)
            = line_number - 1,
            false
        )
        or coalesce(
            lead(line_number) over (partition by delivery_id order by line_number)
            = line_number + 1,
            false
        ) as is_ambiguous
    from pairs
    where {{ has_known_forms('event', 'joined_text') }}

),

halves as (

    select
        delivery_id,
        line_number,
        joined_text,
        is_ambiguous
    from joinable_pairs

    union all

    select
        delivery_id,
        line_number + 1 as line_number,
        null as joined_text,
        is_ambiguous
    from joinable_pairs

),

-- A line in two pairs is ambiguous in both: one row is enough.
half_lines as (

    select
        delivery_id,
        line_number,
        max(joined_text) as joined_text,
        max(is_ambiguous) as is_ambiguous
    from halves
    group by delivery_id, line_number

),

decided as (

    select
        trimmed.*,
        half_lines.line_number is not null and not half_lines.is_ambiguous as is_joined,
        case
            when half_lines.is_ambiguous then null
            else coalesce(trimmed.trimmed_text, half_lines.joined_text)
        end as candidate_text,
        case
            when trimmed.is_forgotten then 'forgotten'
            when trimmed.is_too_long then 'line_too_long'
            when trimmed.text_from_uid = '' then 'empty_line'
            when half_lines.is_ambiguous then 'ambiguous_join'
            when half_lines.line_number is not null then null
            when trimmed.trimmed_text is not null
                then
                    case
                        when
                            {{ is_user_id(
                                'split_part(trimmed.trimmed_text, chr(9), 1)'
                            ) }}
                            then null
                        else 'uid_invalid'
                    end
            when trimmed.fields_present < trimmed.fields then 'too_few_fields'
            when trimmed.fields_present = trimmed.fields then 'uid_invalid'
            else 'too_many_fields'
        end as rejection_reason
    from trimmed
    left join half_lines
        on
            trimmed.delivery_id = half_lines.delivery_id
            and trimmed.line_number = half_lines.line_number

),

final as (

    select
        delivery_id,
        line_number,
        event,
        event_date,
        line_text,
        case when rejection_reason is null then candidate_text end as record_text,
        rejection_reason,
        is_replaced
    from decided

)

select * from final
