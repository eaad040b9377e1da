using KeycloakRealm.Pages;
using KeycloakRealm.Sessions;

namespace KeycloakRealm.Endpoints;

internal static class AuthorizationResponse
{
    public static readonly string[] Modes = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"];

    public static Task SucceedAsync(
        HttpContext context, RealmSite site, AuthorizationRequest request, UserSession session, bool reused, int level)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        Add(parameters, "state", request.State);
        Add(parameters, "session_state", session.Id);
        Add(parameters, "iss", site.Issuer);
        if (request.ResponseType is "code")
        {
            Add(parameters, "code", site.Sessions.AddCode(session, request, reused, level).Value);
        }

        return SendAsync(context, site, request.Target, parameters);
    }

    public static Task FailAsync(HttpContext context, RealmSite site, ResponseTarget target, string error, string? description = null)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        Add(parameters, "error", error);
        Add(parameters, "error_description", description);
        Add(parameters, "state", target.State);
        Add(parameters, "iss", site.Issuer);
        return SendAsync(context, site, target, parameters);
    }

    private static void Add(List<KeyValuePair<string, string>> parameters, string name, string? value)
    {
        if (value is not null)
        {
            parameters.Add(new(name, value));
        }
    }

    private static Task SendAsync(HttpContext context, RealmSite site, ResponseTarget target, List<KeyValuePair<string, string>> parameters)
    {
        var (client, redirectUri, mode, _) = target;
        Answer.SetCache(context, Answer.LoginCache);
        if (mode.EndsWith("jwt", StringComparison.Ordinal))
        {
            // Signed responses (JARM) carry the issuer as a claim.
            var response = site.Tokens.AuthorizationResponse(client, parameters.Where(each => each.Key is not "iss"));
            parameters = [new("response", response)];
        }

        if (mode.StartsWith("form_post", StringComparison.Ordinal))
        {
            return Answer.PageAsync(
                context, StatusCodes.Status200OK, FormPostPage.Render(redirectUri, parameters), language: false, "text/html");
        }

        var mark = mode.StartsWith("fragment", StringComparison.Ordinal)
            ? '#'
            : redirectUri.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return Answer.RedirectAsync(context, $"{redirectUri}{mark}{ProtocolForm.Encode(parameters)}");
    }
}
