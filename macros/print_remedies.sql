{#-
    Says, at the end of a command, what to do about failures that are no fault of the
    project's: DuckDB names the cause, and its remedy is a setting of ours.
-#}
{% macro print_remedies(results) %}
    {%- set remedies = {
        'No space left on device':
            'The disk is full. Free some space, or name a folder on another disk in '
            ~ 'MUSIC_BOX_WAREHOUSE, then run the command again: what was published '
            ~ 'stays, and no table is left half-written.',
        'Out of Memory Error':
            'DuckDB reached its limit of memory, or of disk to spill to. Raise '
            ~ 'MUSIC_BOX_MEMORY (without it, two fifths of what host and container '
            ~ 'give), set MUSIC_BOX_THREADS=1, or free disk space beside the '
            ~ 'warehouse, then run the command again.',
    } -%}
    {%- set needed = [] -%}
    {%- for result in results if result.status == 'error' -%}
        {%- for symptom, remedy in remedies.items()
            if symptom in (result.message or '') and remedy not in needed -%}
            {%- do needed.append(remedy) -%}
            {%- do print(remedy) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
