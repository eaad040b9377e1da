using System.Globalization;
using KeycloakRealm.Model;
using KeycloakRealm.Sessions;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Endpoints;

/// <summary>Checks in Keycloak's order. A wrong client or redirect URI is shown on a page; everything else is sent to the client.</summary>
internal static class AuthorizationRequestReader
{
    private const string InvalidRequest = "invalid_request";
    private const string NotAllowed = "Client is not allowed to initiate browser login with given response_type. ";

    public static AuthorizationReading Read(RealmSite site, ProtocolForm parameters)
    {
        if (parameters["client_id"] is not { } clientId || parameters.All.Count(each => each.Key is "client_id") > 1)
        {
            return Page("Invalid Request", client: null);
        }

        if (site.Realm.FindClient(clientId) is not { } client)
        {
            return Page("Client not found.", client: null);
        }

        if (!client.Enabled)
        {
            return Page("Client disabled.", client);
        }

        if (client.IsSaml)
        {
            return Page(ClientAuthentication.WrongProtocol, client);
        }

        if (client.BearerOnly)
        {
            return Page("Bearer-only applications are not allowed to initiate browser login", client, StatusCodes.Status403Forbidden);
        }

        // Request objects are not supported; Keycloak answers one that it cannot read in the same way.
        if (parameters["request"] is not null || parameters["request_uri"] is not null || !TryReadMaxAge(parameters, out var maxAge))
        {
            return Page("Invalid Request", client);
        }

        if (parameters["redirect_uri"] is not { } redirectUri || !RedirectUriRules.IsRegistered(client, site.ServerUrl, redirectUri))
        {
            return Page("Invalid parameter: redirect_uri", client);
        }

        return ReadRest(site.Realm, client, redirectUri, maxAge, parameters);
    }

    private static AuthorizationReading ReadRest(Realm realm, Client client, string redirectUri, long? maxAge, ProtocolForm parameters)
    {
        var mode = parameters["response_mode"];
        var known = mode is null || AuthorizationResponse.Modes.Contains(mode, StringComparer.Ordinal);
        var usual = "query";
        AuthorizationReading Fail(string error, string? description = null) =>
            new(Request: null, client, Target(known ? mode : null), error, description);

        ResponseTarget Target(string? given) =>
            new(client, redirectUri, given switch { null => usual, "jwt" => usual + ".jwt", _ => given }, parameters["state"]);

        if (parameters["response_type"] is not { } text)
        {
            return Fail(InvalidRequest, "Missing parameter: response_type");
        }

        if (ResponseType.Parse(text) is not { } type)
        {
            return Fail("unsupported_response_type");
        }

        if (!known)
        {
            return Fail(InvalidRequest, "Invalid parameter: response_mode");
        }

        if (type.HasTokens && mode is "query")
        {
            return Fail(InvalidRequest, "Response_mode 'query' not allowed for implicit or hybrid flow");
        }

        if (type.HasTokens && mode is "query.jwt")
        {
            return Fail(
                InvalidRequest, "Response_mode 'query.jwt' is allowed only when the authorization response token is encrypted");
        }

        usual = type.UsualMode;
        if (CheckFlow(client, type) is { } disallowed)
        {
            return Fail("unauthorized_client", disallowed);
        }

        if (parameters.HasDuplicates)
        {
            return Fail(InvalidRequest, "duplicated parameter");
        }

        if (!ScopeSelection.IsValid(client, parameters["scope"]))
        {
            return Fail("invalid_scope", $"Invalid scopes: {parameters["scope"]}");
        }

        if (type.HasIdToken && parameters["nonce"] is null)
        {
            return Fail(InvalidRequest, "Missing parameter: nonce");
        }

        if (!type.IsImplicit
            && Pkce.CheckChallenge(client, parameters["code_challenge"], parameters["code_challenge_method"]) is { } wrong)
        {
            return Fail(InvalidRequest, wrong);
        }

        return new AuthorizationReading(new AuthorizationRequest
        {
            Target = Target(mode),
            ResponseType = type,
            Scope = parameters["scope"],
            Nonce = parameters["nonce"],
            Challenge = parameters["code_challenge"],
            ChallengeMethod = Pkce.MethodOf(parameters["code_challenge"], parameters["code_challenge_method"]),
            Prompts = parameters["prompt"]?.Split(' ') ?? [],
            MaxAge = maxAge,
            LoginHint = parameters["login_hint"],
            KcAction = parameters["kc_action"],
            IdentityProviderHint = parameters["kc_idp_hint"],
            Acr = AcrRequest.Read(realm, client, parameters["claims"], parameters["acr_values"]),
        });
    }

    private static bool TryReadMaxAge(ProtocolForm parameters, out long? maxAge)
    {
        maxAge = null;
        if (parameters["max_age"] is not { } text)
        {
            return true;
        }

        var good = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
        maxAge = good ? value : null;
        return good;
    }

    private static string? CheckFlow(Client client, ResponseType type)
    {
        if (!client.StandardFlowEnabled && !type.IsImplicit)
        {
            return NotAllowed + "Standard flow is disabled for the client.";
        }

        if (!type.HasTokens)
        {
            return null;
        }

        if (!client.ImplicitFlowEnabled)
        {
            return NotAllowed + "Implicit flow is disabled for the client.";
        }

        return client.AttributeIs("dpop.bound.access.tokens")
            ? "DPoP is not supported for implicit nor hybrid flows. Client requires DPoP bound access tokens."
            : null;
    }

    private static AuthorizationReading Page(string message, Client? client, int status = StatusCodes.Status400BadRequest) =>
        new(Request: null, client, Target: null, message, Status: status);
}

/// <summary>An authorization request, or what is wrong with it: for a page where <c>Target</c> is null, else for the client.</summary>
internal sealed record AuthorizationReading(
    AuthorizationRequest? Request,
    Client? Client = null,
    ResponseTarget? Target = null,
    string? Error = null,
    string? Description = null,
    int Status = 0);
