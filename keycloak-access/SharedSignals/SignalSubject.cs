using System.Text.Json;

namespace KeycloakAccess.SharedSignals;

/// <summary>One name of somebody or something (RFC 9493, section 3).</summary>
/// <param name="Format">Such as <c>iss_sub</c>.</param>
/// <param name="Value">The member that names it: <c>sub</c>, <c>email</c>, <c>id</c>.</param>
/// <param name="Issuer">Of <c>iss_sub</c>.</param>
internal sealed record SubjectIdentifier(string Format, string Value, string? Issuer = null)
{
    public const string IssuerAndSubject = "iss_sub";
    public const string Opaque = "opaque";
    public const string Email = "email";
}

/// <summary>
/// Whom an event is about: a simple subject under one name or several (<c>aliases</c>), or a complex one whose members say it together
/// (SSF 1.0, section 3). What RFC 9493 does not allow is refused; a format that is not known names nobody here.
/// </summary>
internal sealed record SignalSubject
{
    private const string Aliases = "aliases";
    private const string Complex = "complex";

    // The members that each format has, in the order of RFC 9493, section 3.2, and SSF 1.0, section 3.4.
    private static readonly Dictionary<string, string[]> Formats = new(StringComparer.Ordinal)
    {
        ["account"] = ["uri"],
        [SubjectIdentifier.Email] = ["email"],
        [SubjectIdentifier.IssuerAndSubject] = ["sub", "iss"],
        [SubjectIdentifier.Opaque] = ["id"],
        ["phone_number"] = ["phone_number"],
        ["did"] = ["url"],
        ["uri"] = ["uri"],
        ["jwt_id"] = ["jti", "iss"],
        ["saml_assertion_id"] = ["assertion_id", "issuer"],
    };

    /// <summary>All names of a simple subject. Of a complex one, those of its member <c>user</c>.</summary>
    public required IReadOnlyList<SubjectIdentifier> Names { get; init; }

    public bool IsComplex { get; init; }

    /// <summary>The names of a complex subject's member <c>session</c>.</summary>
    public IReadOnlyList<SubjectIdentifier> Session { get; init; } = [];

    /// <summary>Which members a complex subject has.</summary>
    public IReadOnlyList<string> Members { get; init; } = [];

    /// <param name="value">The claim <c>sub_id</c>, or an event's own <c>subject</c>.</param>
    /// <param name="isFormer">Whether it stands in the event, as drafts had it: then a complex subject may name no format.</param>
    /// <param name="mistake">What is wrong with it.</param>
    public static SignalSubject? Read(JsonElement value, bool isFormer, out string? mistake)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            mistake = "is not an object.";
            return null;
        }

        var format = FormatOf(value, isFormer);
        if (format == Complex || (format is null && isFormer && !value.TryGetProperty("format", out _)))
        {
            return ReadComplex(value, isFormer, out mistake);
        }

        return ReadSimple(value, isFormer, out mistake) is { } names ? new SignalSubject { Names = names } : null;
    }

    private static SignalSubject? ReadComplex(JsonElement value, bool isFormer, out string? mistake)
    {
        var members = new Dictionary<string, IReadOnlyList<SubjectIdentifier>>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject().Where(member => member.Name is not ("format" or "subject_type")))
        {
            if (ReadSimple(member.Value, isFormer, out mistake) is not { } names)
            {
                mistake = "has a member that " + mistake;
                return null;
            }

            members[member.Name] = names;
        }

        mistake = members.Count > 0 ? null : "names nothing.";
        return members.Count == 0 ? null : new SignalSubject
        {
            IsComplex = true,
            Names = members.GetValueOrDefault("user") ?? [],
            Session = members.GetValueOrDefault("session") ?? [],
            Members = [.. members.Keys],
        };
    }

    private static List<SubjectIdentifier>? ReadSimple(JsonElement value, bool isFormer, out string? mistake)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            mistake = "is not an object.";
            return null;
        }

        if (FormatOf(value, isFormer) is not { Length: > 0 } format || format == Complex)
        {
            mistake = "has no format (RFC 9493, section 3).";
            return null;
        }

        return format == Aliases ? ReadAliases(value, out mistake)
            : ReadOne(value, format, isFormer, out mistake) is { } name ? new List<SubjectIdentifier> { name }
            : null;
    }

    private static SubjectIdentifier? ReadOne(JsonElement value, string format, bool isFormer, out string? mistake)
    {
        mistake = null;
        if (!Formats.TryGetValue(format, out var members))
        {
            // A format of somebody's own.
            return new SubjectIdentifier(format, "");
        }

        var texts = members.Select(name => Text(value, name)).ToArray();
        if (texts.Any(text => text is not { Length: > 0 }))
        {
            mistake = $"is of the format {format} and lacks {string.Join(" or ", members)}, each a text.";
            return null;
        }

        // RFC 9493, section 3: nothing but what the format describes.
        if (!isFormer
            && value.EnumerateObject().Any(member => member.Name != "format" && !members.Contains(member.Name, StringComparer.Ordinal)))
        {
            mistake = $"is of the format {format} and has a member that this format does not have.";
            return null;
        }

        return new SubjectIdentifier(format, texts[0]!, texts.ElementAtOrDefault(1));
    }

    private static List<SubjectIdentifier>? ReadAliases(JsonElement value, out string? mistake)
    {
        mistake = "is of the format aliases, whose identifiers are a list of at least one name, none of them aliases.";
        if (!value.TryGetProperty("identifiers", out var identifiers)
            || identifiers.ValueKind != JsonValueKind.Array
            || identifiers.GetArrayLength() == 0
            || value.EnumerateObject().Any(member => member.Name is not ("format" or "identifiers")))
        {
            return null;
        }

        var names = new List<SubjectIdentifier>();
        foreach (var each in identifiers.EnumerateArray())
        {
            if (each.ValueKind != JsonValueKind.Object
                || FormatOf(each, isFormer: false) is not { Length: > 0 } format
                || format is Aliases or Complex)
            {
                return null;
            }

            if (ReadOne(each, format, isFormer: false, out var inside) is not { } name)
            {
                mistake = inside;
                return null;
            }

            names.Add(name);
        }

        mistake = null;
        return names;
    }

    // Drafts called it subject_type, with dashes.
    private static string? FormatOf(JsonElement value, bool isFormer) => Text(value, "format")
        ?? (isFormer ? Text(value, "subject_type")?.Replace('-', '_') : null);

    private static string? Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
