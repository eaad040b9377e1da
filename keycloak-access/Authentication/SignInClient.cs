using System.Net.Http.Headers;
using System.Text;

namespace KeycloakAccess.Authentication;

/// <summary>The client through which staff sign in, as it names itself to the realm.</summary>
internal static class SignInClient
{
    /// <summary>RFC 6749, section 2.3.1: both are form-encoded before they are put together.</summary>
    public static AuthenticationHeaderValue Credentials(SignInOptions options) => Basic(options.Resource, options.Secret);

    /// <summary>The same of any client.</summary>
    public static AuthenticationHeaderValue Basic(string client, string secret) => new(
        "Basic",
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(client)}:{Uri.EscapeDataString(secret)}")));
}
