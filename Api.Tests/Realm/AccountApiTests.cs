using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Api.Tests.Infrastructure;
using static System.Net.HttpStatusCode;

namespace Api.Tests.Realm;

/// <summary>The account API, which people's own clients use for them: who they are, their sessions, applications and credentials.</summary>
public abstract class AccountApiTests(RealmUnderTest realm) : RealmTests(realm.Account)
{
    private const string MediaType = "application/json";
    private const string Origin = "https://ui.example.test";

    private string Account => Realm.Issuer + "/account";

    [Fact]
    public async Task People_see_who_they_are_and_what_may_be_said_of_them()
    {
        var answer = await CallAsync("ann", HttpMethod.Get, "");

        Assert.Equal(OK, answer.Status);
        Assert.Equal("application/json;charset=UTF-8", answer.Header("Content-Type"));
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
        var json = answer.Json;
        AssertMembers("id username firstName lastName email emailVerified attributes userProfileMetadata", json);
        Assert.True(json.GetProperty("emailVerified").GetBoolean());
        AssertSame(
            """{ "shoe": ["42"], "seen": ["s"], "tags": ["a", "b"], "code": ["xx"] }""",
            JsonNode.Parse(json.GetProperty("attributes").GetRawText()));
        var metadata = JsonNode.Parse(json.GetProperty("userProfileMetadata").GetRawText())!;
        AssertSame(
            """[{ "name": "more", "displayHeader": "More <b>", "displayDescription": "Further", "annotations": { "x": "y" } }]""",
            metadata["groups"]);
        AssertSame(
            """
            [
              { "name": "username", "displayName": "${username}", "required": true, "readOnly": true, "multivalued": false, "validators": {
                "length": { "min": 3, "max": 20, "ignore.empty.value": true }, "multivalued": { "max": "1" },
                "username-prohibited-characters": { "ignore.empty.value": true } } },
              { "name": "email", "displayName": "${email}", "required": true, "readOnly": false, "multivalued": false, "annotations": {},
                "validators": { "length": { "max": 255, "ignore.empty.value": true }, "multivalued": { "max": "1" },
                "email": { "ignore.empty.value": true } } },
              { "name": "firstName", "displayName": "${firstName}", "required": true, "readOnly": false, "multivalued": false,
                "validators": { "length": { "max": 255, "ignore.empty.value": true }, "multivalued": { "max": "1" },
                "person-name-prohibited-characters": { "ignore.empty.value": true } } },
              { "name": "lastName", "displayName": "Family name", "required": false, "readOnly": false, "multivalued": false,
                "validators": { "length": { "min": 2, "max": 10, "ignore.empty.value": true }, "multivalued": { "max": "1" },
                "person-name-prohibited-characters": { "ignore.empty.value": true } } },
              { "name": "code", "displayName": "code", "required": false, "readOnly": false, "multivalued": false, "defaultValue": "xx",
                "validators": { "pattern": { "pattern": "[a-z]+", "error-message": "Only letters <i>", "ignore.empty.value": true },
                "multivalued": { "max": "1" } } },
              { "name": "site", "displayName": "site", "required": false, "readOnly": false, "multivalued": false,
                "validators": { "uri": { "ignore.empty.value": true }, "multivalued": { "max": "1" } } },
              { "name": "size", "displayName": "size", "required": false, "readOnly": false, "multivalued": false,
                "validators": { "options": { "options": ["s", "m"], "ignore.empty.value": true }, "multivalued": { "max": "1" } } },
              { "name": "tags", "displayName": "tags", "required": false, "readOnly": false, "multivalued": true, "validators": {
                "multivalued": { "max": 2, "ignore.empty.value": true }, "length": { "max": 5, "ignore.empty.value": true } } },
              { "name": "seen", "displayName": "seen", "required": false, "readOnly": true, "multivalued": false,
                "validators": { "multivalued": { "max": "1" } } },
              { "name": "age", "displayName": "Age", "required": false, "readOnly": false, "multivalued": false, "group": "more",
                "annotations": { "inputType": "html5-number" },
                "validators": { "integer": { "min": 18, "max": 99, "ignore.empty.value": true }, "multivalued": { "max": "1" } } }
            ]
            """,
            new JsonArray([.. metadata["attributes"]!.AsArray()
                .Where(each => each!["name"]!.GetValue<string>() is not "locale")
                .OrderBy(each => each!["group"] is not null)
                .Select(each => each!.DeepClone())]));

        AssertMembers(
            "id username firstName lastName email emailVerified attributes",
            (await CallAsync("ann", HttpMethod.Get, "?userProfileMetadata=false")).Json);
    }

    [Fact]
    public async Task What_people_change_is_kept_and_what_they_do_not_send_is_gone()
    {
        Assert.Equal(NoContent, (await PostAsync("bob", """
            { "email": "BOB.New@example.test", "firstName": " Bobby ",
              "attributes": { "age": ["30"], "fresh": ["new"], "tags": ["", "x"], "firstName": ["ignored"], "code": [""] } }
            """)).Status);

        var answer = await CallAsync("bob", HttpMethod.Get, "?userProfileMetadata=false");
        var json = JsonNode.Parse(answer.Text)!.AsObject();
        json.Remove("id");
        AssertSame(
            """
            { "username": "bob", "firstName": " Bobby ", "email": "bob.new@example.test", "emailVerified": false,
              "attributes": { "age": ["30"], "fresh": ["new"], "tags": ["x"], "seen": ["s"], "code": ["xx"] } }
            """,
            json);

        // So is what they may not see.
        Assert.Equal(NoContent, (await PostAsync("bob", """
            { "username": "bob", "email": "bob.new@example.test", "firstName": "Bob", "attributes": { "hidden": ["h"], "seen": ["s"] } }
            """)).Status);
    }

    [Theory]
    [InlineData(
        """
        { "email": "nope", "firstName": "A<b", "lastName": "A",
          "attributes": { "age": ["17"], "code": ["A1"], "site": ["no uri"], "size": ["xl"], "tags": ["a", "b", "toolong"] } }
        """,
        """
        email error-invalid-email ["${email}","nope"]
        firstName error-person-name-invalid-character ["${firstName}"]
        lastName error-invalid-length ["Family name","2","10"]
        age error-number-out-of-range ["Age","18","99"]
        code Only letters <i> ["code","[a-z]+"]
        size error-invalid-value ["size"]
        site error-invalid-uri ["site","no uri","Illegal character in path at index 2: no uri"]
        tags error-invalid-multivalued-size ["tags","0","2"]
        tags error-invalid-length-too-long ["tags",null,"5"]
        """)]
    [InlineData(
        """{ "attributes": { "age": ["x"], "hidden": ["changed"], "seen": ["changed"] } }""",
        """
        email error-user-attribute-required ["${email}"]
        firstName error-user-attribute-required ["${firstName}"]
        age error-invalid-number ["Age"]
        hidden error-user-attribute-read-only ["hidden"]
        seen error-user-attribute-read-only ["seen"]
        """)]
    [InlineData(
        """{ "username": "a!", "email": "cleo@example.test", "firstName": "Cleo" }""",
        """
        username error-user-attribute-read-only ["${username}"]
        username error-invalid-length ["${username}","3","20"]
        username error-username-invalid-character ["${username}"]
        username readOnlyUsernameMessage ["${username}"]
        """)]
    [InlineData(
        """{ "username": "", "email": "cleo@example.test", "firstName": "Cleo" }""",
        """
        username error-user-attribute-read-only ["${username}"]
        username missingUsernameMessage ["${username}"]
        """)]
    [InlineData(
        """{ "email": "", "firstName": "  " }""",
        """
        email missingEmailMessage ["${email}"]
        email error-user-attribute-required ["${email}"]
        firstName error-user-attribute-required ["${firstName}"]
        """)]
    public async Task What_is_wrong_is_told_attribute_by_attribute(string body, string errors)
    {
        var answer = await PostAsync("cleo", body);

        Assert.Equal(BadRequest, answer.Status);
        AssertMembers("errors", answer.Json);
        Assert.Equal(
            errors.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            answer.Json.GetProperty("errors").EnumerateArray()
                .Select(each => $"{each.GetProperty("field")} {each.GetProperty("errorMessage")} {each.GetProperty("params").GetRawText()}")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{ "email": "ann@example.test", "firstName": "Cleo" }""", Conflict, "email", "emailExistsMessage")]
    [InlineData("""{ "email": "x", "firstName": "Cleo" }""", BadRequest, "email", "error-invalid-email")]
    public async Task A_single_error_is_told_twice(string body, HttpStatusCode status, string field, string message)
    {
        var answer = await PostAsync("cleo", body);

        Assert.Equal(status, answer.Status);
        AssertMembers("field errorMessage params errors", answer.Json);
        Assert.Equal($"{field} {message}", $"{answer["field"]} {answer["errorMessage"]}");
        Assert.Equal(field, Assert.Single(answer.Json.GetProperty("errors").EnumerateArray().ToList()).GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("nonsense", "400 invalid_request: Cannot parse the JSON")]
    [InlineData("[]", "400 unknown_error: Cannot parse the JSON")]
    [InlineData("""{"firstName":["x"]}""", "400 unknown_error: Cannot parse the JSON")]
    [InlineData("""{"emailVerified":"maybe"}""", "400 unknown_error: Cannot parse the JSON")]
    [InlineData("", "500 unknown_error: For more on this error consult the server log.")]
    [InlineData(
        """{"wrong":12}""",
        "400 Invalid json representation for UserRepresentation. Unrecognized field \"wrong\" at line 1 column 12.: ")]
    [InlineData(
        "{\n \"wrong\" : \"text\" }",
        "400 Invalid json representation for UserRepresentation. Unrecognized field \"wrong\" at line 2 column 13.: ")]
    public async Task What_is_no_representation_is_refused(string body, string error)
    {
        var answer = await PostAsync("cleo", body);

        Assert.Equal(
            error,
            $"{(int)answer.Status} {answer["error"]}: "
                + (answer.Json.TryGetProperty("error_description", out var description) ? description.GetString() : ""));
    }

    [Theory]
    [InlineData("manage-account", "200 200 200 200 200 200 200 200 204 204 204 400 204 200 200 404 404")]
    [InlineData("view-profile", "200 200 200 403 200 403 200 200 403 403 403 403 403 403 403 403 403")]
    [InlineData("view-applications", "403 403 403 200 403 403 403 200 403 403 403 403 403 403 403 403 403")]
    [InlineData("view-consent", "403 403 403 403 403 403 403 200 204 403 403 403 403 403 403 403 403")]
    [InlineData("manage-consent", "403 403 403 403 403 403 403 200 204 403 403 403 204 200 200 403 403")]
    [InlineData("view-groups", "403 403 403 403 403 200 403 200 403 403 403 403 403 403 403 403 403")]
    [InlineData("nobody", "401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401")]
    public async Task Each_part_asks_for_a_role_of_its_own(string role, string statuses)
    {
        var token = await TokenAsync(role);
        var found = new List<string>();
        foreach (var (method, path, body) in new[]
        {
            ("GET", "/", null), ("GET", "/sessions", null), ("GET", "/sessions/devices", null), ("GET", "/applications", null),
            ("GET", "/credentials", null), ("GET", "/groups", null), ("GET", "/linked-accounts", null), ("GET", "/supportedLocales", null),
            ("GET", "/applications/asking/consent", null), ("DELETE", "/sessions", null), ("DELETE", "/sessions/x", null),
            ("POST", "/", "{}"), ("DELETE", "/applications/asking/consent", null),
            ("POST", "/applications/asking/consent", """{"grantedScopes":[]}"""),
            ("PUT", "/applications/asking/consent", """{"grantedScopes":[]}"""), ("DELETE", "/credentials/x", null),
            ("PUT", "/credentials/x/label", "\"x\""),
        })
        {
            var answer = await SendAsync(token, new HttpMethod(method), path, body);
            found.Add(((int)answer.Status).ToString(CultureInfo.InvariantCulture));
        }

        Assert.Equal(statuses, string.Join(' ', found));
    }

    [Fact]
    public async Task A_token_must_be_a_persons_and_meant_for_the_account()
    {
        AssertError(await SendAsync(null, HttpMethod.Get, ""), Unauthorized, "HTTP 401 Unauthorized", description: null);
        AssertError(await SendAsync("nonsense", HttpMethod.Get, "/sessions"), Unauthorized, "HTTP 401 Unauthorized", description: null);
        AssertError(
            await SendAsync(await TokenAsync("ann", "narrow"), HttpMethod.Get, ""),
            Unauthorized,
            "HTTP 401 Unauthorized",
            description: null);
        AssertError(
            await SendAsync((await Realm.GetServiceTokenAsync("worker"))["access_token"], HttpMethod.Get, ""),
            Unauthorized,
            "HTTP 401 Unauthorized",
            description: null);
        Assert.Equal(OK, (await SendAsync(await TokenAsync("ann", "light"), HttpMethod.Get, "")).Status);
        AssertError(
            await SendAsync(await TokenAsync("view-profile"), HttpMethod.Get, "/groups"),
            Forbidden,
            "HTTP 403 Forbidden",
            description: null);
    }

    [Theory]
    [InlineData("GET", "/nothing", NotFound)]
    [InlineData("GET", "/sessions/abc", NotFound)]
    [InlineData("PUT", "", NotFound)]
    [InlineData("DELETE", "/groups", NotFound)]
    [InlineData("POST", "/sessions", MethodNotAllowed)]
    [InlineData("PATCH", "/groups", MethodNotAllowed)]
    public async Task Anything_else_is_not_there(string method, string path, HttpStatusCode status) => AssertError(
        await CallAsync("ann", new HttpMethod(method), path),
        status,
        status is NotFound ? "HTTP 404 Not Found" : "HTTP 405 Method Not Allowed",
        description: null);

    [Theory]
    [InlineData("text/html, application/json", null, true)]
    [InlineData("application/json", null, true)]
    [InlineData("*/*", "application/json", true)]
    [InlineData("*/*", null, false)]
    [InlineData("application/*", null, false)]
    [InlineData("application/json;charset=utf-8", null, false)]
    [InlineData("text/html", "application/json;charset=utf-8", false)]
    public async Task Whoever_does_not_ask_for_json_gets_a_page(string accept, string? contentType, bool isJson)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Account + "/");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {await TokenAsync("ann")}");
        if (contentType is not null)
        {
            request.Content = new ByteArrayContent([]);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        var answer = await Realm.SendAsync(request);

        Assert.Equal(OK, answer.Status);
        Assert.StartsWith(isJson ? "application/json" : "text/html", answer.Header("Content-Type"), StringComparison.Ordinal);
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
    }

    [Fact]
    public async Task Pages_of_the_clients_web_origins_may_call_it()
    {
        var token = await TokenAsync("ann");
        var allowed = await SendAsync(token, HttpMethod.Get, "/groups", origin: Origin);
        Assert.Equal(OK, allowed.Status);
        Assert.Equal(Origin, allowed.Header("Access-Control-Allow-Origin"));
        Assert.Equal("true", allowed.Header("Access-Control-Allow-Credentials"));
        Assert.Null(allowed.Header("Access-Control-Expose-Headers"));
        Assert.Equal(Origin, (await SendAsync(token, HttpMethod.Get, "/nothing", origin: Origin)).Header("Access-Control-Allow-Origin"));

        var refused = await SendAsync(token, HttpMethod.Get, "/groups", origin: "https://elsewhere.test");
        AssertError(refused, Forbidden, "Invalid origin", description: null);
        Assert.Null(refused.Header("Access-Control-Allow-Origin"));
        Assert.Null((await SendAsync("nonsense", HttpMethod.Get, "/groups", origin: Origin)).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Any_page_is_told_beforehand_that_it_may_ask()
    {
        var request = new HttpRequestMessage(HttpMethod.Options, Account + "/some/thing");
        request.Headers.Add("Origin", "https://elsewhere.test");
        request.Headers.Add("Access-Control-Request-Method", "GET");
        var answer = await Realm.SendAsync(request);

        Assert.Equal(OK, answer.Status);
        Assert.Equal("https://elsewhere.test", answer.Header("Access-Control-Allow-Origin"));
        AssertWords("HEAD DELETE POST GET OPTIONS PUT", answer.Header("Access-Control-Allow-Methods"));
        AssertWords(
            "Origin Accept X-Requested-With Access-Control-Request-Method Access-Control-Request-Headers DPoP Content-Type Authorization",
            answer.Header("Access-Control-Allow-Headers"));
        Assert.Equal("3600", answer.Header("Access-Control-Max-Age"));
        Assert.Null((await Realm.SendAsync(new(HttpMethod.Options, Account))).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Sessions_are_listed_and_ended()
    {
        var (first, second, third) = (await SignInAsync("dora"), await SignInAsync("dora"), await SignInAsync("dora"));
        var list = (await SendAsync(first.Token, HttpMethod.Get, "/sessions")).Json.EnumerateArray().ToList();

        var own = Assert.Single(list, each => each.GetProperty("id").ValueEquals(first.Session));
        AssertMembers("id ipAddress started lastAccess expires clients browser current", own);
        Assert.Equal(36000, own.GetProperty("expires").GetInt64() - own.GetProperty("started").GetInt64());
        Assert.Equal("Firefox/128.0", own.GetProperty("browser").GetString());
        AssertSame(
            """
            [{ "clientId": "ui", "clientName": "The <b>UI</b>", "userConsentRequired": false, "inUse": false, "offlineAccess": false }]
            """,
            JsonNode.Parse(own.GetProperty("clients").GetRawText()));
        Assert.False(Assert.Single(list, each => each.GetProperty("id").ValueEquals(second.Session)).TryGetProperty("current", out _));

        Assert.Equal(NoContent, (await SendAsync(first.Token, HttpMethod.Delete, "/sessions/" + second.Session)).Status);
        Assert.Equal(Unauthorized, (await SendAsync(second.Token, HttpMethod.Get, "/sessions")).Status);
        Assert.Equal(OK, (await SendAsync(third.Token, HttpMethod.Get, "/sessions")).Status);
        Assert.Equal(NoContent, (await SendAsync(first.Token, HttpMethod.Delete, "/sessions")).Status);
        Assert.Equal(Unauthorized, (await SendAsync(third.Token, HttpMethod.Get, "/sessions")).Status);
        Assert.Equal(NoContent, (await SendAsync(first.Token, HttpMethod.Delete, "/sessions?current=true")).Status);
        Assert.Equal(Unauthorized, (await SendAsync(first.Token, HttpMethod.Get, "/sessions")).Status);
    }

    [Fact]
    public async Task Nobody_ends_the_session_of_another()
    {
        var other = await SignInAsync("manage-account");

        Assert.Equal(NoContent, (await CallAsync("ann", HttpMethod.Delete, "/sessions/" + other.Session)).Status);

        Assert.Equal(OK, (await SendAsync(other.Token, HttpMethod.Get, "/sessions")).Status);
    }

    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Linux|Unknown|Other|Firefox/128.0|False")]
    [InlineData(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Windows|10|Other|Chrome/126.0.0|False")]
    [InlineData(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.56",
        "Windows|10|Other|Edge/126.0.2592|False")]
    [InlineData(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
        "Mac OS X|10.15.7|Mac|Safari/17.4.1|False")]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 "
            + "Safari/604.1",
        "iOS|17.5|iPhone|Mobile Safari/17.5|True")]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "Android|10|K|Chrome Mobile/126.0.0|True")]
    [InlineData(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
        "Linux|Unknown|Other|HeadlessChrome/126.0.0|False")]
    [InlineData("curl/7.88.1", "Other|Unknown|Other|curl/7.88.1|False")]
    [InlineData("my-tool/1.2", "Other|Unknown|Other|Other/Unknown|False")]
    public async Task Devices_are_told_apart(string userAgent, string device)
    {
        var (token, session) = await SignInAsync("ann", userAgent: userAgent);

        var list = (await SendAsync(token, HttpMethod.Get, "/sessions/devices")).Json.EnumerateArray().ToList();

        var own = Assert.Single(list, each => each.TryGetProperty("current", out _));
        AssertMembers("os osVersion device lastAccess current sessions mobile", own);
        var sessions = own.GetProperty("sessions").EnumerateArray().ToList();
        var browser = Assert.Single(sessions, each => each.GetProperty("id").ValueEquals(session)).GetProperty("browser");
        Assert.Equal(
            device,
            string.Join('|', Member("os"), Member("osVersion"), Member("device"), browser, Member("mobile")));

        JsonElement Member(string name) => own.GetProperty(name);
    }

    [Fact]
    public async Task Applications_are_those_in_use_and_those_that_were_given_something()
    {
        var (token, _) = await SignInAsync("fay");
        var asking = await ConsentAsync(token, HttpMethod.Post, "asking", "profile", "web-origins");
        Assert.Equal(OK, asking.Status);
        AssertMembers("grantedScopes createdDate lastUpdatedDate", asking.Json);
        AssertSame(
            """
            [{ "name": "${profileScopeConsentText}", "displayText": "User profile", "displayTest": "User profile" },
             { "name": "web-origins", "displayText": "web-origins", "displayTest": "web-origins" }]
            """,
            WithoutIds(asking));

        var list = (await SendAsync(token, HttpMethod.Get, "/applications")).Json.EnumerateArray()
            .ToDictionary(each => each.GetProperty("clientId").GetString()!, each => JsonNode.Parse(each.GetRawText())!.AsObject());
        Assert.Equal(["always", "asking", "ui"], list.Keys.Order(StringComparer.Ordinal));
        AssertSame(
            $$"""
            { "clientId": "always", "userConsentRequired": false, "inUse": false, "offlineAccess": false, "baseUrl": "/always",
              "effectiveUrl": "{{Realm.Url.GetLeftPart(UriPartial.Authority)}}/always" }
            """,
            list["always"]);
        AssertSame(
            """
            { "clientId": "ui", "clientName": "The <b>UI</b>", "description": "An app", "userConsentRequired": false, "inUse": true,
              "offlineAccess": false, "rootUrl": "https://ui.example.test", "baseUrl": "/home",
              "effectiveUrl": "https://ui.example.test/home" }
            """,
            list["ui"]);
        list["asking"].Remove("consent");
        AssertSame(
            """{ "clientId": "asking", "clientName": "Asking", "userConsentRequired": true, "inUse": false, "offlineAccess": false }""",
            list["asking"]);
        var found = (await SendAsync(token, HttpMethod.Get, "/applications?name=ask")).Json.EnumerateArray().ToList();
        Assert.Equal("asking", Assert.Single(found).GetProperty("clientId").GetString());
        await SendAsync(token, HttpMethod.Delete, "/applications/asking/consent");
    }

    [Fact]
    public async Task A_consent_is_given_replaced_and_taken_back()
    {
        var (token, _) = await SignInAsync("manage-account");
        const string path = "/applications/ui/consent";
        var first = await ConsentAsync(token, HttpMethod.Post, "ui", "profile");
        var second = await ConsentAsync(token, HttpMethod.Put, "ui", "email");
        Assert.Equal(first.Json.GetProperty("createdDate").GetInt64(), second.Json.GetProperty("createdDate").GetInt64());
        AssertSame(
            """[{ "name": "${emailScopeConsentText}", "displayText": "Email address", "displayTest": "Email address" }]""",
            WithoutIds(second));
        Assert.Equal(second.Text, (await SendAsync(token, HttpMethod.Get, path)).Text);
        var application = (await SendAsync(token, HttpMethod.Get, "/applications")).Json.EnumerateArray()
            .Single(each => each.GetProperty("clientId").ValueEquals("ui"));
        Assert.Equal("https://t.test", application.GetProperty("tosUri").GetString());

        // The client is out of the session by it, and this is its token.
        Assert.Equal(NoContent, (await SendAsync(token, HttpMethod.Delete, path)).Status);
        Assert.Equal(Unauthorized, (await SendAsync(token, HttpMethod.Get, path)).Status);
        token = await TokenAsync("manage-account");
        Assert.Equal(NoContent, (await SendAsync(token, HttpMethod.Get, path)).Status);
        Assert.Equal(NoContent, (await SendAsync(token, HttpMethod.Delete, path)).Status);
    }

    [Theory]
    [InlineData("""{"grantedScopes":[{"id":"nope"}]}""", 400, "does not exist for client Asking.")]
    [InlineData("{}", 500, "For more on this error consult the server log.")]
    [InlineData("[]", 400, "Cannot parse the JSON")]
    [InlineData("""{"grantedScope":[]}""", 400, "Unrecognized field \\\"grantedScope\\\" at line 1 column 18.")]
    public async Task A_wrong_consent_is_refused(string body, int status, string message)
    {
        var answer = await CallAsync("ann", HttpMethod.Post, "/applications/asking/consent", body);

        Assert.Equal(status, (int)answer.Status);
        Assert.Contains(message, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Nothing_is_given_to_a_client_that_is_not_there(string method)
    {
        var answer = await CallAsync("ann", new HttpMethod(method), "/applications/no-body/consent");

        Assert.Equal(NotFound, answer.Status);
        Assert.Equal("No client with clientId: no-body found.", answer["errorMessage"]);
    }

    [Fact]
    public async Task Credentials_are_listed_by_kind()
    {
        var (token, _) = await SignInAsync("manage-account");
        var kinds = (await SendAsync(token, HttpMethod.Get, "/credentials")).Json.EnumerateArray().ToList();

        Assert.Equal(["password", "otp"], kinds.Select(kind => kind.GetProperty("type").GetString()));
        AssertMembers(
            "type category displayName helptext iconCssClass updateAction removeable userCredentialMetadatas", kinds[0]);
        AssertMembers("type category displayName helptext iconCssClass createAction removeable userCredentialMetadatas", kinds[1]);
        var password = Assert.Single(kinds[0].GetProperty("userCredentialMetadatas").EnumerateArray().ToList()).GetProperty("credential");
        AssertMembers("id type createdDate credentialData", password);
        Assert.Contains("\"algorithm\":\"argon2\"", password.GetProperty("credentialData").GetString(), StringComparison.Ordinal);

        var brief = (await SendAsync(token, HttpMethod.Get, "/credentials?type=otp&user-credentials=false")).Json.EnumerateArray().ToList();
        AssertMembers("type category displayName helptext iconCssClass createAction removeable", Assert.Single(brief));

        var id = password.GetProperty("id").GetString();
        Assert.Equal(NoContent, (await SendAsync(token, HttpMethod.Put, $"/credentials/{id}/label", "\"Mine\"")).Status);
        Assert.Equal(BadRequest, (await SendAsync(token, HttpMethod.Put, $"/credentials/{id}/label", "no text")).Status);
        kinds = [.. (await SendAsync(token, HttpMethod.Get, "/credentials?type=password")).Json.EnumerateArray()];
        Assert.Contains("\"userLabel\":\"Mine\"", Assert.Single(kinds).GetRawText(), StringComparison.Ordinal);
        var kept = await SendAsync(token, HttpMethod.Delete, $"/credentials/{id}");
        Assert.Equal("400 Credential type cannot be removed", $"{(int)kept.Status} {kept["error"]}");
        AssertError(await SendAsync(token, HttpMethod.Delete, "/credentials/x"), NotFound, "Credential not found", description: null);
    }

    [Fact]
    public async Task Groups_are_told_without_what_they_give()
    {
        var group = Assert.Single((await CallAsync("ann", HttpMethod.Get, "/groups")).Json.EnumerateArray().ToList());
        AssertMembers("id name path parentId subGroups", group);
        Assert.Equal("/crew/deck", group.GetProperty("path").GetString());

        group = Assert.Single((await CallAsync("ann", HttpMethod.Get, "/groups?briefRepresentation=false")).Json.EnumerateArray().ToList());
        AssertMembers("id name path parentId subGroups attributes realmRoles clientRoles", group);
    }

    [Fact]
    public async Task The_rest_is_small()
    {
        AssertSet("de en", (await CallAsync("ann", HttpMethod.Get, "/supportedLocales")).Json);
        Assert.Equal("[]", (await CallAsync("ann", HttpMethod.Get, "/linked-accounts")).Text);
        var resources = await CallAsync("ann", HttpMethod.Get, "/resources");
        Assert.Equal("403 User-managed access not enabled", $"{(int)resources.Status} {resources["errorMessage"]}");
        Assert.Equal("ann", (await CallAsync("ann", HttpMethod.Get, "/v1alpha1/", accept: "*/*"))["username"]);
    }

    private static JsonArray WithoutIds(RealmAnswer consent)
    {
        var scopes = JsonNode.Parse(consent.Json.GetProperty("grantedScopes").GetRawText())!.AsArray();
        foreach (var scope in scopes)
        {
            Assert.True(scope!.AsObject().Remove("id"));
        }

        var sorted = scopes.OrderBy(scope => scope!["name"]!.GetValue<string>(), StringComparer.Ordinal);
        return new([.. sorted.Select(scope => scope!.DeepClone())]);
    }

    private static void AssertSame(string expected, JsonNode? actual) => Assert.True(
        JsonNode.DeepEquals(JsonNode.Parse(expected), actual),
        $"Expected {JsonNode.Parse(expected)!.ToJsonString()}, found {actual?.ToJsonString()}");

    private async Task<RealmAnswer> ConsentAsync(string token, HttpMethod method, string clientId, params string[] scopes)
    {
        // Somebody who has given all of them tells their ids.
        var known = (await CallAsync("ella", HttpMethod.Get, "/applications/asking/consent")).Json.GetProperty("grantedScopes");
        var ids = known.EnumerateArray()
            .Where(each => scopes.Any(scope => each.GetProperty("name").GetString()!.Contains(scope, StringComparison.Ordinal)))
            .Select(each => (JsonNode)new JsonObject { ["id"] = each.GetProperty("id").GetString() });
        var body = new JsonObject { ["grantedScopes"] = new JsonArray([.. ids]) };
        return await SendAsync(token, method, $"/applications/{clientId}/consent", body.ToJsonString());
    }

    private async Task<(string Token, string Session)> SignInAsync(
        string person, string clientId = "ui", string userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    {
        var request = RealmUnderTest.FormRequest(
            Realm.TokenEndpoint,
            clientId: null,
            ("grant_type", "password"), ("client_id", clientId), ("username", person), ("password", person), ("scope", "openid"));
        request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        var answer = await Realm.SendAsync(request);
        Assert.True(answer.Status is OK, answer.ToString());
        return (answer["access_token"], answer["session_state"]);
    }

    private async Task<string> TokenAsync(string person, string clientId = "ui") => (await SignInAsync(person, clientId)).Token;

    private Task<RealmAnswer> PostAsync(string person, string body) => CallAsync(person, HttpMethod.Post, "/", body);

    private async Task<RealmAnswer> CallAsync(
        string person, HttpMethod method, string path, string? body = null, string accept = MediaType) =>
        await SendAsync(await TokenAsync(person), method, path, body, accept: accept);

    private Task<RealmAnswer> SendAsync(
        string? token, HttpMethod method, string path, string? body = null, string? origin = null, string accept = MediaType)
    {
        var request = new HttpRequestMessage(method, Account + path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue(MediaType));
        }

        return Realm.SendAsync(request);
    }
}

public sealed class EmbeddedAccountApiTests(EmbeddedRealmUnderTest realm) : AccountApiTests(realm);

public sealed class KeycloakAccountApiTests(KeycloakUnderTest realm) : AccountApiTests(realm);
