using System.Globalization;
using KeycloakAccess.Admin.Activity;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Models;
using KeycloakAccess.Texts;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>Rows of a model as a form has them: values as text, references by their titles, instants by the reader's clock.</summary>
internal sealed class ModelForm(Model model, ModelReferences references)
{
    /// <summary>The version that whoever sends the form has seen. No column has such a name.</summary>
    public const string Version = "_version";

    /// <summary>Why, for the audit log. A model may have a column <c>reason</c>, and none of this name.</summary>
    public const string Reason = "_reason";

    public const string Then = "_then";

    public const string AddAnother = "another";
    public const string GoOnEditing = "edit";

    // The zone that instants were written in: between a first page and its form the browser may have told another.
    private const string Zone = "_zone";

    private const int LongLines = 300;

    public IReadOnlyList<ModelFieldView> List(bool isNew, FormInput input, PageContext page) =>
        [.. Columns(isNew, page).Select(column => Field(column, input))];

    public async Task<FormInput> FillAsync(object row, int? version, PageContext page)
    {
        var fields = new List<(string Name, string? Value)>
        {
            (Version, version?.ToString(CultureInfo.InvariantCulture)), (Zone, page.Zone.Id),
        };
        foreach (var column in Columns(isNew: version is null, page))
        {
            fields.Add((column.Json, await TextAsync(column, row, page.Zone, page)));
        }

        return FormInput.Create([.. fields]);
    }

    public async Task<FormInput> FillNewAsync(PageContext page)
    {
        var row = model.New();
        var unusable = new List<string>();
        foreach (var column in Columns(isNew: true, page))
        {
            var given = FormInput.Create((column.Json, page.Http.Request.Query[column.Json].ToString()), (Zone, page.Zone.Id));
            if (given.Value(column.Json).Length == 0)
            {
                continue;
            }

            var before = column.Get(row);
            var (value, mistake) = await GivenAsync(column, given, page);
            if (mistake is null)
            {
                column.Set(row, value);
            }

            if (mistake is not null || column.Mistakes(row).Any())
            {
                column.Set(row, before);
                unusable.Add(column.Title);
            }
        }

        var filled = await FillAsync(row, version: null, page);
        return unusable.Count == 0
            ? filled
            : filled.Note($"What the address says for {string.Join(", ", unusable)} cannot be, so it is left out.");
    }

    public async Task<object> ReadAsync(FormInput input, object? before, PageContext page)
    {
        var row = model.New();
        if (before is not null)
        {
            foreach (var column in model.Columns)
            {
                column.Set(row, column.Get(before));
            }
        }

        var unread = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in Columns(isNew: before is null, page))
        {
            // A clock shows seconds and a title may be many rows': what was not touched stays as it was, to the last digit.
            if (before is not null && TextOf(column, input) == await TextAsync(column, before, ZoneOf(input), page))
            {
                continue;
            }

            var (value, mistake) = await ValueAsync(column, input, page);
            if (mistake is null)
            {
                column.Set(row, value);
            }
            else
            {
                unread.Add(column.Json);
                input.Add(column.Json, mistake);
            }
        }

        input.Add(model.Mistakes(row, isNew: before is null).Where(mistake => !unread.Contains(mistake.Key)));
        return row;
    }

    public async Task<IReadOnlyList<VersionField>> CompareAsync(FormInput mine, object theirs, PageContext page)
    {
        var fields = new List<VersionField>();
        foreach (var column in Columns(isNew: false, page))
        {
            var saved = await TextAsync(column, theirs, ZoneOf(mine), page);
            fields.Add(new VersionField(column.Title, Shown(TextOf(column, mine)), Shown(saved)));

            string Shown(string text) => column.Type.Type == typeof(bool) ? YesOrNo(text) : text;
        }

        return fields;
    }

    public static (string Value, string Text)[] Choices(Column column) =>
        column.Type.Type == typeof(bool) ? [("true", "yes"), ("false", "no")] : [.. column.Type.Names.Select(name => (name, name))];

    // What somebody may not look at is not in the form of a row that is there: it stays as it is.
    private IEnumerable<Column> Columns(bool isNew, PageContext page) =>
        model.Requested(isNew).Where(column => isNew || references.Shows(column, page));

    private ModelFieldView Field(Column column, FormInput input)
    {
        var target = references.Models.TargetOf(column);
        var type = TypeOf(column, input);
        return new ModelFieldView
        {
            Name = column.Json,
            Title = column.Title,
            Type = type,
            Options = type == "select" ? [.. column.IsNullable ? [("", "none")] : Array.Empty<(string, string)>(), .. Choices(column)] : [],
            IsRequired = column.Type.IsText ? column.IsRequired || column == model.Id : !column.IsNullable,
            MaxLength = column.MaxLength is { } longest ? PlainText.UnitsOf(longest) : null,
            Hint = target is not null ? $"{ModelDescription.Sentence(target.Name)}: begin to write, and choose."
                : column.Type.Type == typeof(DateTimeOffset) ? $"By the clock of {ZoneOf(input).Id}."
                : column.Type.Type == typeof(Guid) || column == model.Id ? $"It is {column.Type.Form}."
                : null,
            SuggestPath = target is null ? null : $"/admin/models/{target.Plural}/names",
            Step = column.Type.Type == typeof(decimal) ? "any" : column.Type.Type == typeof(DateTimeOffset) ? "1" : null,
        };
    }

    private string TypeOf(Column column, FormInput input) => column.Type switch
    {
        _ when references.Models.TargetOf(column) is not null => "text",
        { Type: var type } when type == typeof(bool) => column.IsNullable ? "select" : "check",
        { Type: var type } when type == typeof(int) || type == typeof(long) || type == typeof(decimal) => "number",
        { Type: var type } when type == typeof(DateOnly) => "date",
        { Type: var type } when type == typeof(DateTimeOffset) => "datetime-local",
        { Names.Count: > 0 } => "select",
        // A field of one line would put a text of several into one.
        { IsText: true } when (column.MaxLength > LongLines && !column.IsUrl)
            || input.Value(column.Json).Contains('\n', StringComparison.Ordinal) => "lines",
        _ => column.IsUrl ? "url" : "text",
    };

    private async Task<string> TextAsync(Column column, object row, TimeZoneInfo zone, PageContext page) => column.Get(row) switch
    {
        null => "",
        // What a record has before anybody gave it anything is nothing to begin with.
        Guid or DateOnly or DateTimeOffset when column.Get(row)!.Equals(Activator.CreateInstance(column.Type.Type)) => "",
        DateTimeOffset at => LocalTimes.Write(at, zone),
        var value when references.Models.TargetOf(column) is { } target => await references.TextAsync(target, value, page),
        // A tick in a box, or none.
        bool value when !column.IsNullable => value ? "true" : "",
        var value => column.Type.Write(value).ReplaceLineEndings("\n").Trim(),
    };

    private static string TextOf(Column column, FormInput input) => input.Value(column.Json).ReplaceLineEndings("\n");

    private async Task<(object? Value, string? Mistake)> ValueAsync(Column column, FormInput input, PageContext page)
    {
        var text = TextOf(column, input);
        if (column.Type.Type == typeof(bool) && !column.IsNullable)
        {
            return (text.Length > 0, null);
        }

        if (text.Length == 0 && (column.IsNullable || column.Type.IsText))
        {
            return (column.IsNullable ? null : "", null);
        }

        if (references.Models.TargetOf(column) is { } target && text.Length > 0)
        {
            return await references.FindAsync(target, text, page);
        }

        var (value, form) = column.Type.Type == typeof(DateTimeOffset)
            ? (LocalTimes.Read(text, ZoneOf(input)), "a date and time that a clock there shows")
            : (column.Type.Parse(text), column.Type.Form);
        return value is null ? (null, $"{column.Title} must be {form}.") : (value, null);
    }

    // As the API writes a value, or else as the field has it.
    private async Task<(object? Value, string? Mistake)> GivenAsync(Column column, FormInput given, PageContext page)
    {
        if (!column.Type.IsText && references.Models.TargetOf(column) is null && column.Type.Parse(given.Value(column.Json)) is { } value)
        {
            return (value, null);
        }

        // Any text would be a tick in the box.
        return column.Type.Type == typeof(bool)
            ? (null, $"{column.Title} must be {column.Type.Form}.")
            : await ValueAsync(column, given, page);
    }

    private static TimeZoneInfo ZoneOf(FormInput input) => ReaderZone.Named(input.Value(Zone));

    private static string YesOrNo(string text) => text switch { "true" => "yes", "false" or "" => "no", _ => text };
}
