using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>
/// What a realm is that was written by somebody else: names that have to be encoded, keys and scopes that are given, roles
/// that contain each other, and everything that the acme realm does not have.
/// </summary>
public abstract class UnusualRealmTests(RealmUnderTest realm) : RealmTests(realm.Unusual)
{
    private const string Page = UnusualUnderTest.Page;
    private const string Office = UnusualUnderTest.Office;
    private const string Kitchen = UnusualUnderTest.Kitchen;
    private const string Zoe = "zoë.müller@example.test";
    private const string ZoesPassword = "zoë: 100%";
    private const string Jose = "josé o'neill";
    private const string EncodedName = "Welt's%20Gr%C3%B6%C3%9Fe%20100%25";
    private const string EcKid = "dGb_mMo4qVtF7yx_O35I9vVQ9gvT77_1KoxNSEdkP-Y";
    private const string RsaKid = "eyreW1EI2vORvx6z4_GcWH1s9rpviQJKbWb-AtZ5HY0";

    [Fact]
    public async Task Every_address_holds_the_name_encoded_once()
    {
        var discovery = await Realm.GetAsync(Realm.DiscoveryEndpoint);

        Assert.EndsWith($"/realms/{EncodedName}", discovery["issuer"], StringComparison.Ordinal);
        Assert.Equal(Realm.Issuer, discovery["issuer"]);
        foreach (var member in discovery.Json.EnumerateObject().Where(each => each.Name.EndsWith("_endpoint", StringComparison.Ordinal)))
        {
            Assert.StartsWith(Realm.Issuer + "/", member.Value.GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_three_addresses_of_the_description_answer_alike()
    {
        var server = Realm.Url.GetLeftPart(UriPartial.Authority);
        var one = await Realm.GetAsync(Realm.DiscoveryEndpoint);

        Assert.Equal(one.Text, (await Realm.GetAsync($"{Realm.Issuer}/.well-known/oauth-authorization-server")).Text);
        Assert.Equal(one.Text, (await Realm.GetAsync($"{server}/.well-known/oauth-authorization-server/realms/{EncodedName}")).Text);
    }

    [Fact]
    public async Task The_realm_tells_its_name_as_it_is()
    {
        var answer = await Realm.GetAsync(Realm.Issuer);

        Assert.Equal("Welt's Größe 100%", answer["realm"]);
        Assert.Equal($"{Realm.Issuer}/account", answer["account-service"]);
    }

    [Theory]
    [InlineData("welt's größe 100%")]
    [InlineData("Welt's Größe 100%25")]
    [InlineData("Welt’s Größe 100%")]
    public async Task Another_name_is_another_realm(string name)
    {
        var server = Realm.Url.GetLeftPart(UriPartial.Authority);

        AssertError(
            await Realm.GetAsync($"{server}/realms/{Uri.EscapeDataString(name)}"), NotFound, "Realm does not exist", description: null);
    }

    [Fact]
    public async Task The_scopes_of_the_file_and_offline_access_are_all_there_are() => AssertSet(
        "openid grundlage rollen wer/größe gruppen nur-chefs küche:kochen offline_access",
        (await Realm.GetAsync(Realm.DiscoveryEndpoint)).Json.GetProperty("scopes_supported"));

    [Fact]
    public async Task Only_the_keys_of_the_file_are_published()
    {
        var keys = (await Realm.GetAsync(Realm.CertsEndpoint)).Json.GetProperty("keys").EnumerateArray()
            .Select(key => $"{key.GetProperty("kid")} {key.GetProperty("kty")} {key.GetProperty("alg")} {key.GetProperty("use")}");

        // The passive key is the same as the active one, and both are listed.
        Assert.Equal(
            [$"{EcKid} EC ES256 sig", $"{RsaKid} RSA RS256 sig", $"{RsaKid} RSA RS256 sig"],
            keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Nacht-Dienst", "ES256", EcKid, 240)]
    [InlineData("urn:example:Dienst", "RS256", RsaKid, 33)]
    public async Task A_token_is_signed_and_lives_as_the_realm_or_the_client_says(
        string clientId, string algorithm, string kid, long lifespan)
    {
        var answer = await ServiceAsync(clientId);

        Assert.Equal($"{algorithm} {kid}", Signature(answer["access_token"]));
        AssertSeconds(lifespan, answer.Json.GetProperty("expires_in").GetInt64());
    }

    [Fact]
    public async Task A_token_verifies_with_the_published_elliptic_key()
    {
        var token = (await ServiceAsync("Nacht-Dienst"))["access_token"];
        var key = (await Realm.GetAsync(Realm.CertsEndpoint)).Json.GetProperty("keys").EnumerateArray()
            .Single(each => each.GetProperty("kid").ValueEquals(EcKid));

        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") },
        });
        var dot = token.LastIndexOf('.');
        Assert.True(ecdsa.VerifyData(
            Encoding.ASCII.GetBytes(token[..dot]), Base64Url.DecodeFromChars(token.AsSpan(dot + 1)), HashAlgorithmName.SHA256));

        static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
    }

    [Fact]
    public async Task Refresh_tokens_are_signed_with_the_secret_of_the_file() =>
        Assert.Equal("HS512 fester-schlüssel", Signature((await PasswordAsync("mobil cli", Zoe, ZoesPassword))["refresh_token"]));

    [Fact]
    public async Task A_service_that_the_file_does_not_list_as_a_user_has_the_default_role_alone()
    {
        var token = Jwt.Decode((await ServiceAsync("Nacht-Dienst"))["access_token"]);

        AssertMembers("exp iat jti iss sub aud typ azp scope rollen zugriff preferred_username", token.Payload);
        Assert.Equal("service-account-nacht-dienst", token["preferred_username"]);
        AssertNames(
            ["Welt/default-roles-welt's größe 100%", "Welt/Gäste", "Welt/offline_access", "Welt/uma_authorization"],
            token.Payload.GetProperty("rollen"));
        AssertNames(["manage-account", "manage-account-links", "view-profile"], Granted(token, "account"));
    }

    [Fact]
    public async Task A_service_that_the_file_lists_as_a_user_has_what_it_says_and_what_its_groups_have()
    {
        var token = Jwt.Decode((await ServiceAsync("urn:example:Dienst", "openid gruppen"))["access_token"]);

        Assert.Equal("dienst konto", token["preferred_username"]);
        AssertNames(["Welt/Köche/Alle", "Welt/100% sicher"], token.Payload.GetProperty("rollen"));
        AssertNames(["Tür auf"], Granted(token, Kitchen));
        AssertNames([Kitchen, "realm-management", "nirgendwo: \"das\" & jenes"], token.Payload.GetProperty("aud"));
        AssertNames(["/Küche Süd/Früh & Spät"], Groups(token));
    }

    [Fact]
    public async Task A_scope_with_roles_is_for_those_who_have_one_of_them()
    {
        // Everybody may ask, and only who has the role gets it; a role that is contained in it is enough.
        AssertWords(
            "openid wer/größe küche:kochen nur-chefs",
            (await ServiceAsync("urn:example:Dienst", "openid küche:kochen nur-chefs"))["scope"]);
        AssertWords("openid wer/größe nur-chefs", (await ServiceAsync("Nacht-Dienst", "openid küche:kochen nur-chefs"))["scope"]);
    }

    [Fact]
    public async Task An_unknown_scope_is_told_as_it_was_sent() => AssertError(
        await AskAsync("Nacht-Dienst", ("grant_type", "client_credentials"), ("scope", "Größe wer/größe")),
        BadRequest,
        "invalid_scope",
        "Invalid scopes: Größe wer/größe");

    [Theory]
    [InlineData(Zoe)]
    [InlineData("ZOË.MÜLLER@example.test")]
    public async Task A_user_name_is_the_same_in_any_case(string username)
    {
        var token = Jwt.Decode((await PasswordAsync("mobil cli", username, ZoesPassword))["access_token"]);

        Assert.Equal(Zoe, token["preferred_username"]);
    }

    [Theory]
    [InlineData("Zoe+Welt@Example.TEST", ZoesPassword, "Invalid user credentials")] // The realm takes no e-mail address for a name.
    [InlineData(Zoe, "zoe: 100%", "Invalid user credentials")]
    [InlineData("dienst konto", "", "Invalid user credentials")]
    [InlineData("schräg", "schräg", "Account is not fully set up")] // No name holds a slash.
    public async Task Who_may_not_come_in_is_told_so(string username, string password, string reason) =>
        AssertError(
            await AskAsync("mobil cli", ("grant_type", "password"), ("username", username), ("password", password)),
            BadRequest,
            "invalid_grant",
            reason);

    [Theory]
    [InlineData(Zoe, ZoesPassword)]
    [InlineData(Jose, "josé")]
    [InlineData("100%", "ÄÖÜ ß")]
    public async Task Hashed_and_plain_passwords_of_any_letters_are_known(string username, string password) =>
        Assert.Equal(username, Jwt.Decode((await PasswordAsync("mobil cli", username, password))["access_token"])["preferred_username"]);

    [Fact]
    public async Task Claims_nest_and_are_typed_and_one_that_cannot_be_is_left_out()
    {
        var zoe = Jwt.Decode((await PasswordAsync("mobil cli", Zoe, ZoesPassword))["access_token"]);
        var jose = Jwt.Decode((await PasswordAsync("mobil cli", Jose, "josé"))["access_token"]);

        Assert.Equal("""{"größe":172}""", Compact(zoe.Payload.GetProperty("maße")));
        AssertNames(["rot", "grün"], zoe.Payload.GetProperty("farben"));
        Assert.Equal("Zoë-Marie Müller d'Été", zoe["name"]);
        Assert.False(jose.Payload.TryGetProperty("maße", out _));

        // What a user has not, the group has.
        AssertNames(["weiß", "blau"], jose.Payload.GetProperty("farben"));
    }

    [Fact]
    public async Task Groups_are_named_by_their_paths_slashes_and_all()
    {
        var zoe = Jwt.Decode((await PasswordAsync("mobil cli", Zoe, ZoesPassword, "gruppen"))["access_token"]);
        var jose = Jwt.Decode((await PasswordAsync("mobil cli", Jose, "josé", "gruppen"))["access_token"]);

        AssertNames(["/Küche Süd/Früh & Spät/100% Nacht", "/leer"], Groups(zoe));
        AssertNames(["/Bar/Theke", "/Küche Süd"], Groups(jose));
    }

    [Fact]
    public async Task Composites_go_from_realm_to_client_and_back()
    {
        var token = Jwt.Decode((await PasswordAsync("Alles Anders", Zoe, ZoesPassword))["access_token"]);

        AssertNames(
            [
                "Welt/default-roles-welt's größe 100%", "Welt/Chef der Küche", "Welt/Köche/Alle", "Welt/100% sicher", "Welt/Gäste",
                "Welt/offline_access", "Welt/uma_authorization",
            ],
            token.Payload.GetProperty("rollen"));
        AssertNames(["Herd/an", "Tür auf"], Granted(token, Kitchen));
        AssertNames(["Leser"], Granted(token, Page));
        Assert.True(token.Payload.GetProperty("chef").GetBoolean());
    }

    [Fact]
    public async Task Roles_that_contain_each_other_are_both_had()
    {
        var token = Jwt.Decode((await PasswordAsync("Alles Anders", Jose, "josé"))["access_token"]);

        AssertNames(["Welt/Runde", "Welt/Köche/Alle", "Welt/100% sicher", "Welt/Neu & ungenannt"], token.Payload.GetProperty("rollen"));
        AssertNames(["Kreis"], Granted(token, Kitchen));
    }

    [Fact]
    public async Task A_client_without_the_scopes_of_roles_shows_none()
    {
        var token = Jwt.Decode((await PasswordAsync("mobil cli", Zoe, ZoesPassword))["access_token"]);

        AssertMembers("exp iat jti iss sub typ azp sid scope name preferred_username maße farben https://welt", token.Payload);
    }

    [Fact]
    public async Task Somebody_without_roles_gets_a_token_with_an_empty_scope()
    {
        var answer = await PasswordAsync("Alles Anders", "100%", "ÄÖÜ ß");

        AssertMembers("exp iat jti iss sub typ azp sid scope", Jwt.Decode(answer["access_token"]).Payload);
        Assert.Equal("", answer["scope"]);
    }

    [Fact]
    public async Task Offline_access_needs_the_role()
    {
        AssertError(
            await AskAsync(
                "mobil cli", ("grant_type", "password"), ("username", "100%"), ("password", "ÄÖÜ ß"), ("scope", "offline_access")),
            BadRequest,
            "not_allowed",
            "Offline tokens not allowed for the user or client");
        Assert.Equal(
            "Offline", Jwt.Decode((await PasswordAsync("mobil cli", Zoe, ZoesPassword, "offline_access"))["refresh_token"])["typ"]);
    }

    [Fact]
    public async Task A_refresh_token_keeps_the_scopes_and_is_for_the_encoded_issuer()
    {
        var first = await PasswordAsync("mobil cli", Zoe, ZoesPassword, "openid rollen");

        var answer = await AskAsync("mobil cli", ("grant_type", "refresh_token"), ("refresh_token", first["refresh_token"]));

        Assert.Equal(OK, answer.Status);
        Assert.Equal(Realm.Issuer, Jwt.Decode(answer["refresh_token"])["aud"]);
        AssertWords("openid wer/größe gruppen", answer["scope"]);
        Assert.True(Jwt.Decode(answer["access_token"]).Payload.TryGetProperty("rollen", out _));
    }

    [Fact]
    public async Task Id_and_secret_are_form_encoded_in_the_header()
    {
        var token = (await PasswordAsync("Alles Anders", Zoe, ZoesPassword))["access_token"];

        var answer = await IntrospectAsync(
            token, $"{WebUtility.UrlEncode(Kitchen)}:{WebUtility.UrlEncode(UnusualUnderTest.Secret(Kitchen))}");

        Assert.Equal(OK, answer.Status);
        Assert.True(answer.Json.GetProperty("active").GetBoolean(), answer.Text);
        Assert.Equal(Zoe, answer["username"]);
        Assert.Equal("Alles Anders", answer["client_id"]);
        AssertNames(["Herd/an", "Tür auf"], Granted(answer.Json, Kitchen));
    }

    [Fact]
    public async Task A_secret_whose_percent_sign_begins_nothing_is_refused()
    {
        var header = $"{WebUtility.UrlEncode(Kitchen)}:{UnusualUnderTest.Secret(Kitchen)}";

        AssertError(await IntrospectAsync("x", header), BadRequest, "unauthorized_client", "Unexpected error when authenticating client");
    }

    [Fact]
    public async Task A_client_that_is_not_in_the_audience_learns_nothing()
    {
        var token = (await PasswordAsync("mobil cli", Zoe, ZoesPassword))["access_token"];

        var answer = await AskAsync(Realm.IntrospectionEndpoint, Kitchen, ("token", token));

        Assert.Equal("""{"active":false}""", answer.Text);
    }

    [Fact]
    public async Task Userinfo_has_the_claims_of_the_files_mappers()
    {
        var token = (await PasswordAsync("mobil cli", Zoe, ZoesPassword, "openid"))["access_token"];

        var answer = await Realm.GetUserInfoAsync(token);

        AssertMembers("sub name preferred_username maße farben https://welt", answer.Json);
        Assert.Equal("""{"größe":172}""", Compact(answer.Json.GetProperty("maße")));
    }

    [Fact]
    public async Task A_challenge_names_the_realm_as_it_is() => Assert.Equal(
        "Bearer realm=\"Welt's Größe 100%\", error=\"invalid_token\", error_description=\"Token verification failed\"",
        (await Realm.GetUserInfoAsync("nothing")).Header("WWW-Authenticate"));

    [Fact]
    public async Task The_sign_in_page_says_the_realms_name_and_escapes_it()
    {
        using var browser = Realm.NewBrowser();

        var page = await browser.GetAsync(new AuthorizationRequest(Realm, Page).Url);

        Assert.Equal("Sign in to Die <b>Große</b> Welt & \"Co\"", page.Page.Title);
        Assert.Equal("Die Große Welt", page.Page.QuerySelector("#kc-header")!.TextContent.Trim());
        Assert.Equal("Username", page.Page.QuerySelector("label[for=username]")!.TextContent.Trim());
        Assert.Null(page.Page.QuerySelector("#kc-header b"));
    }

    [Fact]
    public async Task Cookies_are_for_the_encoded_path()
    {
        using var browser = Realm.NewBrowser();
        var answer = await browser.SendAsync(new(HttpMethod.Get, new AuthorizationRequest(Realm, Page).Url));

        foreach (var cookie in answer.Headers["Set-Cookie"])
        {
            Assert.Contains($";Path=/realms/{EncodedName}/", cookie, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_person_signs_in_by_code_with_the_scope_of_the_client()
    {
        using var browser = Realm.NewBrowser();
        var (answer, request, _) = await SignInAsync(browser, Page);

        var token = Jwt.Decode(answer["access_token"]);
        AssertNames(["Welt/Gäste"], token.Payload.GetProperty("rollen"));
        AssertNames(["Herd/an", "Tür auf"], Granted(token, Kitchen));
        AssertNames(["Leser"], Granted(token, Page));
        Assert.Equal(Kitchen, token["aud"]);
        Assert.Equal(Page, token["azp"]);
        AssertSeconds(77, answer.Json.GetProperty("expires_in").GetInt64());
        Assert.Equal(request["nonce"], Jwt.Decode(answer["id_token"])["nonce"]);
    }

    [Fact]
    public async Task The_issuer_goes_back_encoded_twice()
    {
        using var browser = Realm.NewBrowser();
        var (_, _, callback) = await SignInAsync(browser, Page);

        Assert.Contains($"&iss={EncodedIssuer}&", callback.Query, StringComparison.Ordinal);
        Assert.Contains("Welt%27s%2520Gr%25C3%25B6%25C3%259Fe%2520100%2525", callback.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_client_of_the_session_signs_otherwise_and_lives_as_long_as_it_may()
    {
        using var browser = Realm.NewBrowser();
        var (first, _, _) = await SignInAsync(browser, Page);
        var request = new AuthorizationRequest(Realm, Office);
        var answer = await RedeemAsync(request, (await browser.GetAsync(request.Url)).Location!);

        Assert.Equal(first["session_state"], answer["session_state"]);
        Assert.Equal($"RS256 {RsaKid}", Signature(answer["id_token"]));
        Assert.Equal($"ES256 {EcKid}", Signature(answer["access_token"]));
        AssertSeconds(600, answer.Json.GetProperty("refresh_expires_in").GetInt64());
        AssertSeconds(240, answer.Json.GetProperty("expires_in").GetInt64());
    }

    [Theory]
    [InlineData(Page, "https://spa.example.test/app/", true)]
    [InlineData(Page, "https://spa.example.test/zur%C3%BCck", true)]
    [InlineData(Page, "https://spa.example.test/zurück", false)]
    [InlineData(Page, "https://spa.example.test/zur%c3%bcck", false)]
    [InlineData(Office, "https://client.example.test/b%C3%BCro?x=1", false)]
    public async Task An_encoded_redirect_uri_is_good_as_it_is_registered(string clientId, string uri, bool good)
    {
        using var browser = Realm.NewBrowser();

        var answer = await browser.GetAsync(new AuthorizationRequest(Realm, clientId).With("redirect_uri", uri).Url);

        if (good)
        {
            Assert.NotNull(answer.Page.QuerySelector("#kc-form-login"));
        }
        else
        {
            AssertErrorPage(answer, BadRequest, "Invalid parameter: redirect_uri");
        }
    }

    [Fact]
    public async Task State_of_any_letters_comes_back()
    {
        using var browser = Realm.NewBrowser();
        var request = new AuthorizationRequest(Realm, Office).With("state", "ä & b=c/%25 '").With("prompt", "none");

        var answer = await browser.GetAsync(request.Url);

        AssertRedirect(
            answer,
            "https://client.example.test/b%C3%BCro?",
            "error=login_required",
            "state=%C3%A4+%26+b%3Dc%2F%2525+%27",
            $"iss={EncodedIssuer}");
    }

    [Fact]
    public async Task Whose_profile_holds_what_it_must_not_has_something_to_do_first()
    {
        using var browser = Realm.NewBrowser();
        var page = await browser.GetAsync(new AuthorizationRequest(Realm, Office).Url);
        var form = (AngleSharp.Html.Dom.IHtmlFormElement)page.Page.QuerySelector("#kc-form-login")!;

        var answer = await browser.SendAsync(new(HttpMethod.Post, form.Action)
        {
            Content = new FormUrlEncodedContent([new("username", "schräg"), new("password", "schräg"), new("credentialId", "")]),
        });

        Assert.Equal(Redirect, answer.Status);
        Assert.StartsWith(
            $"{Realm.Issuer}/login-actions/required-action?execution=VERIFY_PROFILE&client_id=B%C3%BCro+100%25+Web&",
            answer.Header("Location"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_logout_asks_and_goes_where_the_file_says()
    {
        using var browser = Realm.NewBrowser();
        await SignInAsync(browser, Page);
        var url = AuthorizationRequest.Append(
            Realm.EndSessionEndpoint,
            ("client_id", Page),
            ("post_logout_redirect_uri", "https://spa.example.test/tsch%C3%BCss/bis?bald"),
            ("state", "ü"));

        var question = await browser.GetAsync(url);
        Assert.Equal("Do you want to log out?", question.Instruction);
        var answer = await browser.SubmitAsync(question, "form");

        Assert.Equal("https://spa.example.test/tsch%C3%BCss/bis?bald&state=%C3%BC", answer.Header("Location"));
    }

    [Fact]
    public async Task A_logout_by_the_id_token_ends_the_session()
    {
        using var browser = Realm.NewBrowser();
        var (tokens, _, _) = await SignInAsync(browser, Office);

        var answer = await browser.GetAsync(AuthorizationRequest.Append(
            Realm.EndSessionEndpoint,
            ("id_token_hint", tokens["id_token"]),
            ("post_logout_redirect_uri", "https://client.example.test/b%C3%BCro")));

        Assert.Equal("https://client.example.test/b%C3%BCro", answer.Header("Location"));
        AssertError(
            await AskAsync(Office, ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"])),
            BadRequest,
            "invalid_grant",
            "Session not active");
    }

    [Theory]
    [InlineData("/users?exact=true&username=", "Zoë.Müller@Example.TEST", Zoe)]
    [InlineData("/users?exact=true&email=", "zoe+welt@example.test", Zoe)]
    [InlineData("/users?search=", "müller", Zoe)]
    [InlineData("/users?lastName=", "O'Neill", Jose)]
    [InlineData("/users?exact=true&username=", "100%", "100%")]
    [InlineData("/users?exact=true&username=", "dienst konto", "dienst konto")]
    public async Task A_user_is_found_by_an_odd_name(string query, string value, string username)
    {
        var found = await AdministerAsync(query + Uri.EscapeDataString(value));

        Assert.Equal([username], found.Json.EnumerateArray().Select(user => user.GetProperty("username").GetString()));
    }

    [Theory]
    [InlineData(Kitchen)]
    [InlineData(Page)]
    [InlineData(Office)]
    [InlineData("urn:example:Dienst")]
    public async Task A_client_is_found_by_an_odd_id(string clientId)
    {
        var client = Assert.Single(
            (await AdministerAsync("/clients?clientId=" + Uri.EscapeDataString(clientId))).Json.EnumerateArray().ToList());

        Assert.Equal(clientId, client.GetProperty("clientId").GetString());
        Assert.Equal(UnusualUnderTest.Secret(clientId), client.TryGetProperty("secret", out var secret) ? secret.GetString() : null);
    }

    [Theory]
    [InlineData("Chef der Küche", "Köche/Alle Herd/an")]
    [InlineData("Köche/Alle", "100% sicher")]
    [InlineData("Neu & ungenannt", "")]
    [InlineData("Runde", "Kreis")]
    public async Task A_role_is_read_by_an_odd_name(string name, string composites)
    {
        var path = "/roles/" + Uri.EscapeDataString(name);

        var role = (await AdministerAsync(path)).Json;
        Assert.Equal(name, role.GetProperty("name").GetString());
        Assert.Equal(composites.Length > 0, role.GetProperty("composite").GetBoolean());
        var members = (await AdministerAsync(path + "/composites")).Json.EnumerateArray()
            .Select(each => each.GetProperty("name").GetString());
        AssertWords(composites, string.Join(' ', members));
    }

    [Fact]
    public async Task A_role_of_a_client_is_read_by_an_odd_name()
    {
        var kitchen = Assert.Single(
            (await AdministerAsync("/clients?clientId=" + Uri.EscapeDataString(Kitchen))).Json.EnumerateArray().ToList())
            .GetProperty("id").GetString();

        var role = (await AdministerAsync($"/clients/{kitchen}/roles/Herd%2Fan")).Json;

        Assert.Equal("Herd/an", role.GetProperty("name").GetString());
        AssertError(await AdministerAsync($"/clients/{kitchen}/roles/Herd%252Fan"), NotFound, "Could not find role", description: null);
    }

    [Fact]
    public async Task Who_has_a_role_directly_is_told_with_the_service_accounts()
    {
        var users = (await AdministerAsync("/roles/" + Uri.EscapeDataString("Köche/Alle") + "/users")).Json;

        AssertNames(["dienst konto"], [.. users.EnumerateArray().Select(user => user.GetProperty("username").GetString())]);
    }

    [Fact]
    public async Task Groups_are_found_and_their_members_and_children_told()
    {
        var groups = (await AdministerAsync("/groups")).Json.EnumerateArray().ToDictionary(
            group => group.GetProperty("path").GetString()!, group => group.GetProperty("id").GetString(), StringComparer.Ordinal);
        AssertNames(["/Küche Süd", "/Bar/Theke", "/leer"], [.. groups.Keys]);

        var members = (await AdministerAsync($"/groups/{groups["/Bar/Theke"]}/members")).Json;
        AssertMembers(
            "id username firstName lastName email emailVerified enabled createdTimestamp totp disableableCredentialTypes "
                + "requiredActions notBefore",
            Assert.Single(members.EnumerateArray().ToList()));
        var child = Assert.Single((await AdministerAsync($"/groups/{groups["/Küche Süd"]}/children")).Json.EnumerateArray().ToList());
        Assert.Equal("/Küche Süd/Früh & Spät", child.GetProperty("path").GetString());
        AssertNames(["Tür auf"], child.GetProperty("clientRoles").GetProperty(Kitchen));
    }

    private static void AssertNames(string[] expected, JsonElement actual) =>
        AssertNames(expected, [.. actual.EnumerateArray().Select(item => item.GetString())]);

    private static void AssertNames(string[] expected, string?[] actual) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));

    private static JsonElement Granted(Jwt token, string clientId) => Granted(token.Payload, clientId);

    private static JsonElement Granted(JsonElement claims, string clientId) =>
        claims.GetProperty("zugriff").GetProperty(clientId).GetProperty("rollen");

    // The claim's name is an address, and its dots nest.
    private static JsonElement Groups(Jwt token) =>
        token.Payload.GetProperty("https://welt").GetProperty("example").GetProperty("test/gruppen");

    private static string Signature(string token)
    {
        var header = Jwt.Decode(token).Header;
        return $"{header.GetProperty("alg")} {header.GetProperty("kid")}";
    }

    private static string Compact(JsonElement value) => value.GetRawText().Replace(" ", "", StringComparison.Ordinal);

    private async Task<RealmAnswer> ServiceAsync(string clientId, string? scope = null)
    {
        var answer = await AskAsync(
            clientId, [("grant_type", "client_credentials"), .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)]]);
        Assert.True(answer.Status is OK, answer.ToString());
        return answer;
    }

    private async Task<RealmAnswer> PasswordAsync(string clientId, string username, string password, string? scope = null)
    {
        var answer = await AskAsync(
            clientId,
            [
                ("grant_type", "password"), ("username", username), ("password", password),
                .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)],
            ]);
        Assert.True(answer.Status is OK, answer.ToString());
        return answer;
    }

    private async Task<(RealmAnswer Tokens, AuthorizationRequest Request, Uri Callback)> SignInAsync(RealmBrowser browser, string clientId)
    {
        var request = new AuthorizationRequest(Realm, clientId);
        var callback = await browser.SignInAsync(request.Url, Zoe, ZoesPassword);
        return (await RedeemAsync(request, callback), request, callback);
    }

    private async Task<RealmAnswer> RedeemAsync(AuthorizationRequest request, Uri callback)
    {
        var answer = await AskAsync(
            request.ClientId,
            ("grant_type", "authorization_code"),
            ("code", request.CodeFrom(callback)),
            ("redirect_uri", request["redirect_uri"]!),
            ("code_verifier", request.CodeVerifier));
        Assert.True(answer.Status is OK, answer.ToString());
        return answer;
    }

    private Task<RealmAnswer> AskAsync(string clientId, params (string Name, string Value)[] form) =>
        AskAsync(Realm.TokenEndpoint, clientId, form);

    private Task<RealmAnswer> AskAsync(string url, string clientId, params (string Name, string Value)[] form) => Realm.PostAsync(
        url,
        clientId: null,
        [
            .. form,
            ("client_id", clientId),
            .. UnusualUnderTest.Secret(clientId) is { } secret ? [("client_secret", secret)] : Array.Empty<(string, string)>(),
        ]);

    private Task<RealmAnswer> IntrospectAsync(string token, string credentials)
    {
        var request = RealmUnderTest.FormRequest(Realm.IntrospectionEndpoint, clientId: null, ("token", token));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        return Realm.SendAsync(request);
    }

    private async Task<RealmAnswer> AdministerAsync(string path) =>
        await Realm.GetAsync(
            Realm.AdminEndpoint + path, FeaturesUnderTest.Bearer((await ServiceAsync("urn:example:Dienst"))["access_token"]));
}

public sealed class EmbeddedUnusualRealmTests(EmbeddedRealmUnderTest realm) : UnusualRealmTests(realm);

public sealed class KeycloakUnusualRealmTests(KeycloakUnderTest realm) : UnusualRealmTests(realm);
