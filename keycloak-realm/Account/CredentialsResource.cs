using System.Text.Json.Nodes;
using KeycloakRealm.Admin;
using KeycloakRealm.Import;
using KeycloakRealm.Model;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.Account;

/// <summary>What a person signs in with, by kind. The keys of messages are Keycloak's.</summary>
internal static class CredentialsResource
{
    private static AdminAnswer NotFound => AdminAnswer.NotFound("Credential not found");

    public static AdminAnswer List(AccountRequest request)
    {
        var withCredentials = request.Query("user-credentials") is not "false";
        return AdminAnswer.Ok(Kinds(request.User, withCredentials)
            .Where(kind => request.Query("type") is not { } type || kind.Text("type") == type));
    }

    /// <summary>The name that the person gives a credential; the body is a JSON text.</summary>
    public static AdminAnswer Name(AccountRequest request)
    {
        if (request.Body is not JsonValue value || !value.TryGetValue<string>(out var label))
        {
            return AdminAnswer.Refused(StatusCodes.Status400BadRequest, "invalidRequestMessage");
        }

        if (FindOtp(request) is { } otp)
        {
            otp.Label = label;
        }
        else if (request.User.Password is { } password && IsPassword(request))
        {
            password.Label = label;
        }
        else
        {
            return NotFound;
        }

        return AdminAnswer.NoContent;
    }

    public static AdminAnswer Remove(AccountRequest request)
    {
        if (FindOtp(request) is { } otp)
        {
            request.User.RemoveOtp(otp);
            return AdminAnswer.NoContent;
        }

        return request.User.Password is not null && IsPassword(request)
            ? AdminAnswer.Failed(StatusCodes.Status400BadRequest, "Credential type cannot be removed")
            : NotFound;
    }

    private static OtpCredential? FindOtp(AccountRequest request) =>
        request.User.Otps.Find(otp => string.Equals(otp.Id, request.Route("credential"), StringComparison.Ordinal));

    private static bool IsPassword(AccountRequest request) =>
        string.Equals(PasswordId(request.User), request.Route("credential"), StringComparison.Ordinal);

    private static string PasswordId(User user) => StableId.For(user.Id, "credential", "password");

    private static IEnumerable<JsonObject> Kinds(User user, bool withCredentials)
    {
        var password = Kind("password", "basic-authentication", "Password");
        password[user.Password is null ? "createAction" : "updateAction"] = "UPDATE_PASSWORD";
        password["removeable"] = false;
        var otp = Kind("otp", "two-factor", "OTP");
        otp["createAction"] = "CONFIGURE_TOTP";
        otp["removeable"] = true;
        if (withCredentials)
        {
            password["userCredentialMetadatas"] = user.Password is { } own ? [Describe(user, own)] : new JsonArray();
            otp["userCredentialMetadatas"] = new JsonArray([.. user.Otps.Select(each => Describe(user, each))]);
        }

        return [password, otp];
    }

    private static JsonObject Kind(string type, string category, string icon) => new()
    {
        ["type"] = type,
        ["category"] = category,
        ["displayName"] = $"{type}-display-name",
        ["helptext"] = $"{type}-help-text",
        ["iconCssClass"] = $"kcAuthenticator{icon}Class",
    };

    private static JsonObject Describe(User user, Password password) => Describe(
        (PasswordId(user), "password", password.Label, user.CreatedTimestamp),
        new JsonObject
        {
            ["hashIterations"] = 5,
            ["algorithm"] = "argon2",
            ["additionalParameters"] = new JsonObject
            {
                ["hashLength"] = new JsonArray("32"),
                ["memory"] = new JsonArray("7168"),
                ["type"] = new JsonArray("id"),
                ["version"] = new JsonArray("1.3"),
                ["parallelism"] = new JsonArray("1"),
            },
        });

    private static JsonObject Describe(User user, OtpCredential otp) => Describe(
        (otp.Id, "otp", otp.Label, otp.Created > 0 ? otp.Created : user.CreatedTimestamp),
        new JsonObject
        {
            ["subType"] = otp.Type,
            ["digits"] = otp.Digits,
            ["counter"] = otp.Counter,
            ["period"] = otp.Period,
            ["algorithm"] = otp.Algorithm,
        });

    private static JsonObject Describe((string Id, string Type, string? Label, long Created) credential, JsonObject data)
    {
        var json = new JsonObject { ["id"] = credential.Id, ["type"] = credential.Type };
        if (credential.Label is { Length: > 0 } label)
        {
            json["userLabel"] = label;
        }

        json["createdDate"] = credential.Created;
        json["credentialData"] = data.ToJsonString(Json.Options);
        return new JsonObject { ["credential"] = json };
    }
}
