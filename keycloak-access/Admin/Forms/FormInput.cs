using KeycloakAccess.Permissions;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.Forms;

/// <summary>
/// What stands in a form, and what is wrong with it. A form is drawn from one of these whether it is new, comes back with
/// mistakes, or is taken up again after a sign-in: nothing that somebody typed is lost.
/// </summary>
public sealed class FormInput
{
    // The field in which the framework's antiforgery token comes: it is nothing that somebody typed.
    private const string AntiforgeryField = "__RequestVerificationToken";

    /// <summary>The field with the key under which a form is done once. Neither is it anything that somebody typed.</summary>
    public const string OnceField = "_once";

    /// <summary>The check box that stands in a form once it would leave nobody who may do everything.</summary>
    public const string AllowNoSuperuser = SuperuserSwitch.Name;

    private readonly Dictionary<string, StringValues> _values;
    private readonly Dictionary<string, List<string>> _mistakes = new(StringComparer.Ordinal);

    private FormInput(Dictionary<string, StringValues> values) => _values = values;

    public bool IsValid => _mistakes.Count == 0;

    public IReadOnlyList<string> General => Mistakes("");

    public string? Notice { get; private set; }

    /// <summary>Where somebody else has changed the same meanwhile: both versions, field by field.</summary>
    public IReadOnlyList<VersionField>? Comparison { get; private set; }

    internal IReadOnlyDictionary<string, StringValues> Fields => _values;

    internal static FormInput Create(IEnumerable<KeyValuePair<string, StringValues>> fields) =>
        new(fields.Where(field => field.Key is not (AntiforgeryField or OnceField)).ToDictionary(StringComparer.Ordinal));

    internal static FormInput Create(params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        var values = new Dictionary<string, StringValues>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            values[name] = StringValues.Concat(values.GetValueOrDefault(name), value ?? "");
        }

        return new FormInput(values);
    }

    internal FormInput With(string name, string? value) =>
        new(new Dictionary<string, StringValues>(_values, StringComparer.Ordinal) { [name] = value });

    /// <summary>A field's value, without white space around it and without NUL, which no database takes; empty if there is none.</summary>
    public string Value(string name) => Clean(_values.GetValueOrDefault(name).ToString());

    public IReadOnlyList<string> Values(string name) =>
        [.. _values.GetValueOrDefault(name).OfType<string>().Select(Clean).Where(value => value.Length > 0)];

    public bool Has(string name, string value = "on") => Values(name).Contains(value, StringComparer.Ordinal);

    public IReadOnlyList<string> Mistakes(string name) => _mistakes.TryGetValue(name, out var mistakes) ? mistakes : [];

    internal FormInput Add(string name, string mistake)
    {
        if (!_mistakes.TryGetValue(name, out var mistakes))
        {
            _mistakes[name] = mistakes = [];
        }

        mistakes.Add(mistake);
        return this;
    }

    internal FormInput Note(string sentence)
    {
        Notice = sentence;
        return this;
    }

    internal FormInput Compare(IReadOnlyList<VersionField> versions)
    {
        Comparison = versions;
        return this;
    }

    internal FormInput Add(IEnumerable<KeyValuePair<string, string[]>> mistakes)
    {
        foreach (var (name, texts) in mistakes)
        {
            foreach (var text in texts)
            {
                Add(name, text);
            }
        }

        return this;
    }

    private static string Clean(string text) => text.Replace("\0", "", StringComparison.Ordinal).Trim();
}
