using System.Text;

namespace KeycloakRealm.Import;

/// <summary>
/// Replaces <c>${NAME}</c>, <c>${NAME:default}</c> and <c>${A,B:default}</c> as Keycloak's import does. Unresolved ones stay.
/// </summary>
internal sealed class Placeholders(IReadOnlyDictionary<string, string>? given)
{
    public string Resolve(string text)
    {
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        var position = 0;
        while (position < text.Length)
        {
            var start = text.IndexOf("${", position, StringComparison.Ordinal);
            var end = start < 0 ? -1 : ClosingBrace(text, start + 2);
            if (end < 0)
            {
                break;
            }

            result.Append(text, position, start - position);
            var inner = text[(start + 2)..end];
            result.Append(Value(inner) ?? text[start..(end + 1)]);
            position = end + 1;
        }

        return result.Append(text, position, text.Length - position).ToString();
    }

    private static int ClosingBrace(string text, int from)
    {
        var depth = 1;
        for (var i = from; i < text.Length; i++)
        {
            if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{')
            {
                depth++;
            }
            else if (text[i] == '}' && --depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private string? Value(string inner)
    {
        switch (inner)
        {
            case "/":
                return Path.DirectorySeparatorChar.ToString();
            case ":":
                return Path.PathSeparator.ToString();
        }

        var colon = inner.IndexOf(':', StringComparison.Ordinal);
        var names = colon < 0 ? inner : inner[..colon];
        foreach (var name in names.Split(','))
        {
            if (given is not null && given.TryGetValue(name, out var value))
            {
                return value;
            }

            if (Environment.GetEnvironmentVariable(name) is { } variable)
            {
                return variable;
            }
        }

        return colon < 0 ? null : Resolve(inner[(colon + 1)..]);
    }
}
