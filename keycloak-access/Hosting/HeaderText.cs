using System.Text;

namespace KeycloakAccess.Hosting;

internal static class HeaderText
{
    /// <summary>
    /// A quoted-string (RFC 9110, section 5.6.4). Other characters than printable ASCII are percent-encoded UTF-8: a header that holds
    /// them as they are is not sent.
    /// </summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' or '\\' => quoted.Append('\\').Append(rune),
                >= ' ' and <= '~' => quoted.Append(rune),
                _ => quoted.Append(Uri.EscapeDataString(rune.ToString())),
            };
        }

        return quoted.Append('"').ToString();
    }
}
